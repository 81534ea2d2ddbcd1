/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>

// The text of a configuration file, with a NUL behind it that `size` does not count.
struct config_file {
	char *text;
	size_t size;
};

// Reads all of a file. Returns 0 or a negative errno with a message. The caller frees file->text.
// Start-up and control only.
int config_file_read(const char *path, struct config_file *file);
