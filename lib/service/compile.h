/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>

struct aside;
struct filter;

// The filter of one listing, compiled aside. Both for the service's thread. NULL when there is no memory or thread, or too much is
// being worked on.
struct aside *compile_begin(const char *expression);

// When it is done: ends it, and returns the filter, which the caller owns; or NULL, and `why`, of
// `size` bytes, says what was wrong.
struct filter *compile_end(struct aside *aside, char *why, size_t size);
