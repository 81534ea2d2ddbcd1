/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "config/key.h"
#include "config/value.h"

// Sets what one row of the table describes from its text form, in place of what was there before.
// `object` is the struct config, or the item of a rule (all but CONFIG_OTHER). Returns 0, -EINVAL
// with `why` filled and the setting unchanged, or -ENOMEM. Start-up and control only, as all below.
int config_assign(void *object, const struct config_key *key, const char *text,
		  struct config_why *why);

// Is this text one that a value may be made of? Returns 0 or -EINVAL.
int config_check_text(const struct config_key *key, const char *text, struct config_why *why);

// Frees what belongs to a value, and leaves nothing.
void config_release(void *object, const struct config_key *key);

// Are the values of one row (all but CONFIG_OTHER) the same?
bool config_same_value(const void *a, const void *b, const struct config_key *key);
