/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <string.h>

#define FRAME_MOST (FILTER_REST_MOST + sizeof(((struct filter_scratch *)NULL)->head[0]))

static bool run(const struct filter *filter, const uint8_t *bytes, uint32_t captured,
		uint32_t length)
{
	return bpf_filter(filter->program.bf_insns, bytes, length, captured) != 0;
}

static __attribute__((noinline)) bool run_whole(const struct filter *filter,
						const struct filter_scratch *scratch,
						const struct filter_view *frame)
{
	uint8_t whole[FRAME_MOST];

	memcpy(whole, frame->head, frame->head_length);
	memcpy(whole + frame->head_length, scratch->rest, scratch->rest_length);
	return run(filter, whole, frame->head_length + scratch->rest_length, frame->length);
}

bool filter_run(const struct filter *filter, const struct filter_scratch *scratch)
{
	const struct filter_view *frame = &scratch->frame[filter->tags];

	if (scratch->rest_length > 0 && filter->reach > frame->head_length)
		return run_whole(filter, scratch, frame);
	return run(filter, frame->head, frame->head_length, frame->length);
}
