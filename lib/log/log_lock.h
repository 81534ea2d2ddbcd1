/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#define LOG_LOCK_NAME ".weir.lock"

// Makes sure that no other weir writes into `directory`. Returns a handle (>= 0) for
// log_directory_unlock(), or a negative errno with a message: -EEXIST when another weir holds it.
// The kernel frees the lock when the process ends in whatever way, so a file that was left over is
// no obstacle. Start-up and control only.
int log_directory_lock(const char *directory);

// Gives the directory free again and removes the lock's file.
void log_directory_unlock(const char *directory, int lock);
