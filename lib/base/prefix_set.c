/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/prefix_set.h"

#include <endian.h>
#include <stdlib.h>

// The prefixes become ranges of 128-bit numbers, sorted, none touching another. Two tables, one for
// IPv4 and one for everything else, tell by one byte of an address among which ranges it has to be
// looked for; with real lists these are none or one as a rule.

typedef unsigned __int128 number;

struct range {
	number first, last;
};

struct span {
	uint32_t from, to; // ranges [from, to)
};

struct prefix_set {
	struct span v4[256]; // by the first byte of the IPv4 address
	struct span v6[256]; // by the first byte of all
	struct range range[];
};

// ::ffff:0:0/96
#define V4_NETWORK ((number)0xffff << 32)

static number number_of(const struct address *address)
{
	uint64_t half[2];

	memcpy(half, address->byte, sizeof(half));
	return (number)be64toh(half[0]) << 64 | be64toh(half[1]);
}

static struct range range_of(const struct prefix *prefix)
{
	number ones = ~(number)0;
	number inside = prefix->length == 0    ? ones
			: prefix->length < 128 ? ones >> prefix->length
					       : 0;
	number address = number_of(&prefix->address);

	return (struct range){address & ~inside, address | inside};
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

// Joins ranges that overlap or touch. Returns how many are left.
static size_t join(struct range *range, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct range *before = kept > 0 ? &range[kept - 1] : NULL;

		// Nothing comes after the last address, not even by wrapping around.
		if (before == NULL ||
		    (before->last != ~(number)0 && range[i].first > before->last + 1))
			range[kept++] = range[i];
		else if (range[i].last > before->last)
			before->last = range[i].last;
	}
	return kept;
}

static struct span span_of(const struct range *range, size_t count, struct range part)
{
	struct span span = {0};

	while (span.from < count && range[span.from].last < part.first)
		span.from++;
	for (span.to = span.from; span.to < count && range[span.to].first <= part.last;)
		span.to++;
	return span;
}

struct prefix_set *prefix_set_create(const struct prefix *prefix, size_t count)
{
	struct prefix_set *set;

	if (count > UINT32_MAX)
		return NULL;
	set = calloc(1, sizeof(*set) + count * sizeof(set->range[0]));
	if (set == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		set->range[i] = range_of(&prefix[i]);
	qsort(set->range, count, sizeof(set->range[0]), compare);
	count = join(set->range, count);
	for (unsigned i = 0; i < 256; i++) {
		number v4 = V4_NETWORK | (number)i << 24, v6 = (number)i << 120;

		set->v4[i] = span_of(set->range, count, (struct range){v4, v4 | 0xffffff});
		set->v6[i] = span_of(set->range, count, (struct range){v6, v6 | ~(number)0 >> 8});
	}
	return set;
}

void prefix_set_destroy(struct prefix_set *set)
{
	free(set);
}

bool prefix_set_contains(const struct prefix_set *set, const struct address *address)
{
	struct span span = address_is_v4(address) ? set->v4[address->byte[12]]
						  : set->v6[address->byte[0]];
	number wanted = number_of(address);

	// The last range that begins at or before the address is the only one that may hold it.
	while (span.to - span.from > 1) {
		uint32_t middle = span.from + (span.to - span.from) / 2;

		if (set->range[middle].first <= wanted)
			span.from = middle;
		else
			span.to = middle;
	}
	return span.from < span.to && set->range[span.from].first <= wanted &&
	       wanted <= set->range[span.from].last;
}
