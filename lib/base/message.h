/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>

// What weir tells the person who runs it. One line a call, to stderr, each with "weir: " in front.
// Any thread except a worker while it handles packets: these calls may block.

// Something failed: say what, where, and what would be right.
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Something is not as it should be, but the run goes on.
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Worth knowing in a log of the run; switched off by message_quiet().
void message_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Keep message_info() silent from now on (used when a trace is read in a pipeline).
void message_quiet(void);

// From now on, what this thread is told by message_error() and message_warning() is also put into
// `text`, as far as it fits, with "; " in between: for somebody who asked from afar. NULL: no more.
void message_keep(char *text, size_t size);
