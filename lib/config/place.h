/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"
#include "config/key.h"

// Remembers where a key was set, for config_place(). Without memory nothing is remembered. Start-up
// and control only, as both below.
void config_place_note(struct config *config, const struct config_key *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void config_place_free(struct config *config);
