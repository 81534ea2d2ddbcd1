/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "watch/watch_name.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MOST 65536

// Never freed while the program runs: a number may still be on its way to a log when its rule is
// gone. Written once each, then only read.
static _Atomic(char *) names[NAMES_MOST];
static atomic_uint given; // numbers that were given out

uint16_t watch_name_number(const char *name)
{
	uint32_t count = atomic_load_explicit(&given, memory_order_relaxed);
	char *copy;

	for (uint32_t number = 1; number <= count; number++) {
		if (strcmp(atomic_load_explicit(&names[number], memory_order_relaxed), name) == 0)
			return (uint16_t)number;
	}
	if (*name == '\0' || count + 1 >= NAMES_MOST)
		return 0;
	copy = strdup(name);
	if (copy == NULL)
		return 0;
	atomic_store_explicit(&names[count + 1], copy, memory_order_release);
	atomic_store_explicit(&given, count + 1, memory_order_release);
	return (uint16_t)(count + 1);
}

const char *watch_name_text(uint16_t number)
{
	const char *name = atomic_load_explicit(&names[number], memory_order_acquire);

	return name != NULL ? name : "";
}

const char *const watch_kind_word[WATCH_KIND_COUNT] = {
	[WATCH_ORIG_BYTES] = "orig_bytes",  [WATCH_RESP_BYTES] = "resp_bytes",
	[WATCH_ORIG_PACKETS] = "orig_pkts", [WATCH_RESP_PACKETS] = "resp_pkts",
	[WATCH_PACKETS] = "pkts",           [WATCH_DURATION] = "duration",
};

const char *const watch_feature_word[WATCH_FEATURE_COUNT] = {
	[WATCH_FEATURE_ORIG_BYTES] = "orig_bytes",
	[WATCH_FEATURE_RESP_BYTES] = "resp_bytes",
	[WATCH_FEATURE_BYTES] = "bytes",
	[WATCH_FEATURE_ORIG_PACKETS] = "orig_pkts",
	[WATCH_FEATURE_RESP_PACKETS] = "resp_pkts",
	[WATCH_FEATURE_PACKETS] = "pkts",
	[WATCH_FEATURE_RATE] = "rate",
	[WATCH_FEATURE_PACKET_RATE] = "packet_rate",
	[WATCH_FEATURE_DURATION] = "duration",
	[WATCH_FEATURE_IDLE] = "idle",
};

bool watch_kind_is_span(unsigned kind)
{
	return kind == WATCH_DURATION;
}

bool watch_feature_is_span(unsigned feature)
{
	return feature == WATCH_FEATURE_DURATION || feature == WATCH_FEATURE_IDLE;
}

const char *watch_kind_name(unsigned kind)
{
	return kind < WATCH_KIND_COUNT ? watch_kind_word[kind] : "?";
}

const char *watch_feature_name(unsigned feature)
{
	return feature < WATCH_FEATURE_COUNT ? watch_feature_word[feature] : "?";
}
