/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/content.h"

// Protocols of lines (FTP): a line longer than Zeek keeps is a limit passed.
#define LINE_MOST ((16u << 20) - 100)

size_t content_line_read(struct content_state *state, const uint8_t *data, size_t length,
			 enum content_result *result)
{
	const uint8_t *end = memchr(data, '\n', length);
	size_t used = end != NULL ? (size_t)(end - data) + 1 : length;

	state->total += (uint32_t)used;
	if (state->total > LINE_MOST) {
		*result = CONTENT_LIMIT;
		state->total = 0;
	}
	if (end != NULL)
		state->total = 0;
	return used;
}
