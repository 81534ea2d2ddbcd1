/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "log/log_options.h"
#include "log/log_text.h"

#include <assert.h>
#include <stddef.h>
#include <time.h>

#define LOG_COLUMN_MAX       64
#define LOG_COLUMN_NAME_SIZE 40

// Room that log_line_format() and log_header_format() need: half for keys and values of fixed size,
// half for strings.
#define LOG_LINE_SIZE 16384
static_assert(LOG_COLUMN_MAX * (LOG_COLUMN_NAME_SIZE + 8 + LOG_VALUE_SIZE) + LOG_UIDS_SIZE <
		      LOG_LINE_SIZE / 2,
	      "a line holds every column");

// One column: a row in the table of its log. `write` appends the value of `record` to `text`; a
// value that is unset is not written at all, the line then has "-" (TSV) or no such field (JSON).
typedef void log_write(struct log_text *text, const void *record,
		       const struct log_options *options);

struct log_column {
	const char *name; // shorter than LOG_COLUMN_NAME_SIZE
	const char *type; // Zeek's name of the type, for #types
	log_write *write;
};

// The columns of one log in their order, built once at start and then only read.
struct log_layout {
	size_t count;
	size_t together; // the first columns, which write_together writes in one go; or 0
	log_write *write_together;
	struct {
		struct log_column column;
		char key[LOG_COLUMN_NAME_SIZE + 4]; // ,"name":
		size_t key_length;
	} item[LOG_COLUMN_MAX];
};

// Appends `count` columns; call it again for optional ones. `layout` starts zeroed. The strings of
// `column` must stay. Returns 0, or -E2BIG or -ENAMETOOLONG when a limit above is exceeded.
int log_layout_add(struct log_layout *layout, const struct log_column *column, size_t count);

// The columns added so far are all written by `write`, which LOG_LINE() made, instead of one by
// one.
void log_layout_together(struct log_layout *layout, log_write *write);

// The columns of a log are a list: a macro COLUMNS(X) with X(name, type, writer) for each. The
// writer is a function write_WRITER, which LOG_COLUMN(WRITER) begins. Of the list,
// LOG_LINE(COLUMNS) makes the table `columns`, for log_layout_add(), and the function
// write_columns, for log_layout_together(). The latter has all writers inside, once for each
// format, so that what a line is made of stays in registers.
#define LOG_COLUMN(name)                                                                           \
	LOG_INLINE void write_##name(struct log_text *text, const void *record,                    \
				     const struct log_options *options)

#define LOG_COLUMN_ENTRY(name, type, writer) {name, type, write_##writer},

#define LOG_COLUMN_TSV(name, type, writer)                                                         \
	before = text.at;                                                                          \
	write_##writer(&text, record, options);                                                    \
	if (text.at == before)                                                                     \
		*text.at++ = '-';                                                                  \
	*text.at++ = '\t';

#define LOG_COLUMN_JSON(name, type, writer)                                                        \
	before = text.at;                                                                          \
	log_text_raw(&text, ",\"" name "\":", sizeof(",\"" name "\":") - 1);                       \
	start = text.at;                                                                           \
	write_##writer(&text, record, options);                                                    \
	if (text.at == start)                                                                      \
		text.at = before;

#define LOG_LINE(COLUMNS)                                                                          \
	static const struct log_column columns[] = {COLUMNS(LOG_COLUMN_ENTRY)};                    \
                                                                                                   \
	static void write_columns(struct log_text *to, const void *record,                         \
				  const struct log_options *options)                               \
	{                                                                                          \
		struct log_text text = *to;                                                        \
		char *before, *start;                                                              \
                                                                                                   \
		if (text.format == LOG_FORMAT_JSON) {                                              \
			text.format = LOG_FORMAT_JSON;                                             \
			COLUMNS(LOG_COLUMN_JSON)                                                   \
		} else {                                                                           \
			text.format = LOG_FORMAT_TSV;                                              \
			COLUMNS(LOG_COLUMN_TSV)                                                    \
			text.at--;                                                                 \
		}                                                                                  \
		to->at = text.at;                                                                  \
	}

// Formats one record as a line with its newline into `line`, which has room for LOG_LINE_SIZE
// bytes. Returns its length. Any thread.
size_t log_line_format(const struct log_layout *layout, const struct log_options *options,
		       const void *record, char *line);

// What a file begins with: the eight # lines of TSV, nothing for JSON. `path` is the name of the
// log ("conn"), `opened` is printed in local time. `text` has room for LOG_LINE_SIZE bytes. Returns
// the length.
size_t log_header_format(const struct log_layout *layout, enum log_format format, const char *path,
			 time_t opened, char *text);

#define LOG_FOOTER_SIZE 32

// What a file ends with: #close in TSV, nothing for JSON. Returns the length.
size_t log_footer_format(enum log_format format, time_t closed, char *text);
