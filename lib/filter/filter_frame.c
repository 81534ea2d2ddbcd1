/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <string.h>

static size_t copy(const struct rte_mbuf *segment, uint8_t *to, size_t most)
{
	size_t length = segment->data_len < most ? segment->data_len : most;

	memcpy(to, (const uint8_t *)segment->buf_addr + segment->data_off, length);
	return length;
}

size_t filter_frame(const struct filter_scratch *scratch, uint8_t *to, size_t most,
		    uint32_t *length)
{
	const struct rte_mbuf *frame = &scratch->frame[1];
	size_t copied = copy(frame, to, most);

	*length = frame->FILTER_LENGTH;
	if (frame->next != NULL)
		copied += copy(frame->next, to + copied, most - copied);
	return copied;
}
