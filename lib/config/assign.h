/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "config/key.h"
#include "config/value.h"

// Sets what one row of the table describes from its text form, in place of what was there before.
// Returns 0, -EINVAL with `why` filled and the setting unchanged, or -ENOMEM. Start-up and control
// only.
int config_assign(struct config *config, const struct config_key *key, const char *text,
		  struct config_why *why);
