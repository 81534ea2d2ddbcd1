/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct dump;

// Makes what the action `capture` needs, for as many workers. `now`: a rule has that action, so that
// the folder has to be there; else it is made when a rule that came later needs it. NULL with a
// message. Start-up only.
struct dump *captures_create(const struct config *config, uint32_t workers, bool live, bool now);
