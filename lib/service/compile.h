/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>

struct filter;

// Filters are compiled on a thread of their own: one with the name of a host waits for a name
// server, and a long one takes its time. Whoever begins polls compile_is_done(); whoever does not
// want to wait any longer ends it, and the thread sees to the rest.
struct compile;

// NULL when there is no memory or thread, or too many are being compiled.
struct compile *compile_begin(const char *expression);
bool compile_is_done(const struct compile *compile);

// When it is done: the filter, which the caller owns, or NULL; `why` belongs to `compile`.
struct filter *compile_take(struct compile *compile, const char **why);

// At any time. Nothing for NULL.
void compile_end(struct compile *compile);
