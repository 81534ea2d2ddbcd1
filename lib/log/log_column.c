/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_column.h"

#include <errno.h>
#include <stdio.h>

int log_layout_add(struct log_layout *layout, const struct log_column *column, size_t count)
{
	if (count > LOG_COLUMN_MAX - layout->count)
		return -E2BIG;
	for (size_t i = 0; i < count; i++) {
		size_t at = layout->count;

		if (strlen(column[i].name) >= LOG_COLUMN_NAME_SIZE ||
		    strlen(column[i].type) >= LOG_VALUE_SIZE)
			return -ENAMETOOLONG;
		layout->item[at].column = column[i];
		layout->item[at].key_length = (size_t)snprintf(layout->item[at].key,
							       sizeof(layout->item[at].key),
							       ",\"%s\":", column[i].name);
		layout->count++;
	}
	return 0;
}

void log_layout_together(struct log_layout *layout, log_write *write)
{
	layout->together = layout->count;
	layout->write_together = write;
}

static void format_tsv(struct log_text *text, const struct log_layout *layout,
		       const struct log_options *options, const void *record)
{
	for (size_t i = layout->together; i < layout->count; i++) {
		char *start;

		if (i > 0)
			*text->at++ = '\t';
		start = text->at;
		layout->item[i].column.write(text, record, options);
		if (text->at == start)
			*text->at++ = '-';
	}
}

static void format_json(struct log_text *text, char *line, const struct log_layout *layout,
			const struct log_options *options, const void *record)
{
	for (size_t i = layout->together; i < layout->count; i++) {
		char *before = text->at, *start;

		log_text_raw(text, layout->item[i].key, layout->item[i].key_length);
		start = text->at;
		layout->item[i].column.write(text, record, options);
		if (text->at == start)
			text->at = before;
	}
	// The comma before the first field makes way for the brace.
	if (text->at == line)
		text->at++;
	*line = '{';
	*text->at++ = '}';
}

size_t log_line_format(const struct log_layout *layout, const struct log_options *options,
		       const void *record, char *line)
{
	struct log_text text = {
		.at = line, .limit = line + LOG_LINE_SIZE / 2, .format = options->format};

	if (layout->together > 0)
		layout->write_together(&text, record, options);
	if (text.format == LOG_FORMAT_JSON)
		format_json(&text, line, layout, options, record);
	else
		format_tsv(&text, layout, options, record);
	*text.at++ = '\n';
	return (size_t)(text.at - line);
}

static void add_word(struct log_text *text, const char *word)
{
	log_text_raw(text, word, strlen(word));
}

static void add_time(struct log_text *text, time_t time)
{
	struct tm parts;

	text->at += strftime(text->at, LOG_VALUE_SIZE, "%Y-%m-%d-%H-%M-%S",
			     localtime_r(&time, &parts));
}

size_t log_header_format(const struct log_layout *layout, enum log_format format, const char *path,
			 time_t opened, char *text)
{
	struct log_text header = {.at = text};

	if (format == LOG_FORMAT_JSON)
		return 0;
	add_word(&header, "#separator \\x09\n"
			  "#set_separator\t,\n"
			  "#empty_field\t(empty)\n"
			  "#unset_field\t-\n"
			  "#path\t");
	add_word(&header, path);
	add_word(&header, "\n#open\t");
	add_time(&header, opened);
	add_word(&header, "\n#fields");
	for (size_t i = 0; i < layout->count; i++) {
		add_word(&header, "\t");
		add_word(&header, layout->item[i].column.name);
	}
	add_word(&header, "\n#types");
	for (size_t i = 0; i < layout->count; i++) {
		add_word(&header, "\t");
		add_word(&header, layout->item[i].column.type);
	}
	add_word(&header, "\n");
	return (size_t)(header.at - text);
}

size_t log_footer_format(enum log_format format, time_t closed, char *text)
{
	struct log_text footer = {.at = text};
	struct tm parts;

	if (format == LOG_FORMAT_JSON)
		return 0;
	add_word(&footer, "#close\t");
	footer.at += strftime(footer.at, LOG_FOOTER_SIZE - 8, "%Y-%m-%d-%H-%M-%S",
			      localtime_r(&closed, &parts));
	add_word(&footer, "\n");
	return (size_t)(footer.at - text);
}
