/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>

// A list of texts; `item` and each text belong to the snapshot.
struct config_texts {
	char **item;
	size_t count;
};
