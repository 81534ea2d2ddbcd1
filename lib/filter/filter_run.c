/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <string.h>

#define FRAME_MOST (UINT16_MAX + sizeof(((struct filter_scratch *)NULL)->head[0]))

static bool run(const struct filter *filter, const uint8_t *bytes, uint32_t length,
		uint32_t wire_length)
{
	return bpf_filter(filter->program.bf_insns, bytes, wire_length, length) != 0;
}

static __attribute__((noinline)) bool run_whole(const struct filter *filter,
						const struct rte_mbuf *frame)
{
	uint8_t whole[FRAME_MOST];
	uint32_t length = frame->data_len;

	memcpy(whole, frame->buf_addr, length);
	memcpy(whole + length, frame->next->buf_addr, frame->next->data_len);
	return run(filter, whole, length + frame->next->data_len, frame->FILTER_LENGTH);
}

bool filter_run(const struct filter *filter, const struct filter_scratch *scratch)
{
	const struct rte_mbuf *frame = &scratch->frame[filter->tags];

	if (frame->next != NULL && filter->reach > frame->data_len)
		return run_whole(filter, frame);
	return run(filter, frame->buf_addr, frame->data_len, frame->FILTER_LENGTH);
}
