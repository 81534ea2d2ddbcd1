/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/content.h"

#include <strings.h>

// SMTP (RFC 5321), what the client says: commands, and after DATA a mail whose headers (RFC 5322)
// may each go on over many lines. Zeek reads no more than this of one header.
#define HEADER_MOST 65536

#define WORD        4 // of a line is enough to tell what it is

enum mail_phase { MAIL_COMMANDS, MAIL_HEADERS, MAIL_BODY };

static enum content_result end_command(struct content_state *state, size_t length)
{
	const char *word = (const char *)state->head;

	if (length < WORD)
		return CONTENT_NOTHING;
	// What follows is encrypted, or comes in pieces with their lengths.
	if (strncasecmp(word, "STAR", WORD) == 0 || strncasecmp(word, "BDAT", WORD) == 0)
		return CONTENT_DONE;
	if (length == WORD && strncasecmp(word, "DATA", WORD) == 0) {
		state->phase = MAIL_HEADERS;
		state->total = 0;
	}
	return CONTENT_NOTHING;
}

static enum content_result end_header_line(struct content_state *state, size_t length)
{
	if (length == 0) {
		state->phase = MAIL_BODY;
		return CONTENT_NOTHING;
	}
	if (state->head[0] != ' ' && state->head[0] != '\t') {
		state->total = (uint32_t)length;
		return CONTENT_NOTHING;
	}
	if (state->total >= HEADER_MOST)
		return CONTENT_LIMIT;
	state->total += (uint32_t)length;
	return CONTENT_NOTHING;
}

// `length` without the end of the line.
static enum content_result end_line(struct content_state *state, size_t length)
{
	if (state->phase == MAIL_COMMANDS)
		return end_command(state, length);
	if (length == 1 && state->head[0] == '.') {
		state->phase = MAIL_COMMANDS;
		return CONTENT_NOTHING;
	}
	return state->phase == MAIL_HEADERS ? end_header_line(state, length) : CONTENT_NOTHING;
}

size_t content_mail_read(struct content_state *state, const uint8_t *data, size_t length,
			 enum content_result *result)
{
	const uint8_t *end = memchr(data, '\n', length);
	size_t text = end != NULL ? (size_t)(end - data) : length;

	if (text > 0) {
		content_collect(state, WORD, data, text);
		state->over = data[text - 1] == '\r';
	}
	state->left += (uint32_t)text;
	if (end == NULL)
		return length;
	*result = end_line(state, state->left - (state->left > 0 && state->over));
	state->left = 0;
	state->have = 0;
	state->over = 0;
	return text + 1;
}
