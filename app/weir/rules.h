/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "watch/watch_book.h"

// [threshold], [poll] and [inactivity] sections become rules. Returns 0, or a negative errno with `why`, and the
// book is as it was. Control side.
int rules_apply(struct watch_book *book, const struct config *config, char *why, size_t size);

// Are all filters sound? Returns 0 or -EINVAL with a message for each that is not; warns of filters
// that no packet can match. Start-up only.
int rules_check(const struct config *config);

// Actions of any rule, enum watch_action bits.
uint32_t rules_actions(const struct config *config);
