/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LOG_NAME_SIZE (NAME_MAX + 1)

// The name that `pattern` gives to a log called `path` ("conn") of the time `when`: strftime with
// local time, then {path} replaced. `attempt` > 0 puts -1, -2, ... before the extension. `name` has
// LOG_NAME_SIZE bytes. Returns 0, -EINVAL when the pattern gives no usable file name,
// -ENAMETOOLONG.
int log_name_format(const char *pattern, const char *path, time_t when, unsigned attempt,
		    char *name);

// Is the pattern usable for rotated files? Returns 0, or -EINVAL with a message.
int log_name_check(const char *pattern);

// Renames the file `from` in the directory open as `directory` to what the pattern says, with the
// first attempt that does not exist yet: never overwrites anything. `name` gets the final name.
// Returns 0 or a negative errno. Writer thread, or at start.
int log_rename(int directory, const char *from, const char *pattern, const char *path, time_t when,
	       char *name);

// When to rotate next: the first multiple of `interval` since local midnight that lies after `now`
// (both ns). TIME_NEVER when `interval` is 0. Any thread.
uint64_t log_rotation_next(uint64_t now, uint64_t interval);
