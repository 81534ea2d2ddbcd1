/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <string.h>

#define FRAME_MOST (UINT16_MAX + sizeof(((struct filter_scratch *)NULL)->head[0]))

// libpcap reads from one piece of memory.
static __attribute__((noinline)) bool interpret(const struct filter *filter,
						const struct rte_mbuf *frame)
{
	uint8_t whole[FRAME_MOST];
	uint32_t length = frame->data_len;

	memcpy(whole, frame->buf_addr, length);
	if (frame->next != NULL) {
		memcpy(whole + length, frame->next->buf_addr, frame->next->data_len);
		length += frame->next->data_len;
	}
	return bpf_filter(filter->program.bf_insns, whole, frame->FILTER_LENGTH, length) != 0;
}

bool filter_run(const struct filter *filter, const struct filter_scratch *scratch)
{
	const struct rte_mbuf *frame = &scratch->frame[filter->tags];

	// A program only reads its frame, whatever the type says.
	if (filter->native != NULL)
		return filter->native((void *)(uintptr_t)frame) != 0;
	if (filter->bpf != NULL)
		return rte_bpf_exec(filter->bpf, (void *)(uintptr_t)frame) != 0;
	return interpret(filter, frame);
}
