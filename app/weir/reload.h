/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "options.h"
#include "watch/watch_book.h"

#include <stddef.h>

// Reads the command line and its configuration again, and puts what can change while weir runs into
// force: rules, and the inactivity times of ports and services. Everything is checked first; after a
// mistake all stays as it was. Returns 0, and `note` says what would need a restart, if anything; or
// a negative errno, and it says what was wrong. The thread that owns the book.
int reload(const struct options *running, struct watch_book *book, char *note, size_t size);
