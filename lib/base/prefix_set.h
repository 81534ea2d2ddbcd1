/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"

// Many prefixes that answer as fast as few: is an address in any of them? They may overlap and come
// in any order. Immutable.
struct prefix_set;

// `prefix` is not needed any more afterwards; `count` may be 0. NULL when memory is out. Any
// thread.
struct prefix_set *prefix_set_create(const struct prefix *prefix, size_t count);
void prefix_set_destroy(struct prefix_set *set);

// The same as asking prefix_contains() for each. Any thread.
bool prefix_set_contains(const struct prefix_set *set, const struct address *address);
