/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <string.h>

static size_t copy(const uint8_t *from, size_t length, uint8_t *to, size_t most)
{
	if (length > most)
		length = most;
	memcpy(to, from, length);
	return length;
}

size_t filter_frame(const struct filter_scratch *scratch, uint8_t *to, size_t most,
		    uint32_t *length)
{
	const struct filter_view *frame = &scratch->frame[1];
	size_t copied = copy(frame->head, frame->head_length, to, most);

	*length = frame->length;
	if (scratch->rest_length > 0)
		copied += copy(scratch->rest, scratch->rest_length, to + copied, most - copied);
	return copied;
}
