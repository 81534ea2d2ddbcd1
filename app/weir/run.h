/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "options.h"

// One run of weir, from the first thread to the last line: returns the exit status.
int run(const struct options *options);
