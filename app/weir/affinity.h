/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"

// Takes the workers' CPUs away from the calling thread and from those that it starts from now on, as
// far as others are left for them: what writes the log, or collects what was removed, would take a
// worker's time for as long as the kernel lets it. Main thread, before it starts any other.
void affinity_leave_to_workers(const struct config_texts *cores);
