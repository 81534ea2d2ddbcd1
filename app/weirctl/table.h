/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Text in columns on standard output. The first rows wait until there are enough to say how wide
// each column is, so that a long table appears while it comes in.

#define TABLE_COLUMNS_MOST 16
#define TABLE_CELL_SIZE    128

struct table_column {
	const char *title;
	bool right; // numbers end below each other
};

// Begins the table; `columns` must stay.
void table_begin(const struct table_column *columns, size_t count);
bool table_has_begun(void);

// Appends the next cell of a row, and a row after the last one. What a terminal might obey is
// replaced.
void table_cell(const char *text);

// Prints what waits. Nothing when no table was begun.
void table_end(void);

// format.c: values as people read them, into TABLE_CELL_SIZE bytes.
void format_size(double bytes, char *text);
void format_span(double seconds, char *text);
// UTC, with milliseconds.
void format_time(double seconds, char *text);
