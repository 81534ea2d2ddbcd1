/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/memory.h"

#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

static size_t round_up(size_t size)
{
	return (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

void *memory_map(size_t size, bool hugepages)
{
	void *memory = MAP_FAILED;
	size_t begin;

	size = round_up(size);
	if (hugepages)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	if (memory != MAP_FAILED)
		return memory;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	// A block of which little is used is to take little memory: its begin stays in small pages.
	begin = hugepages ? 0 : HUGE_PAGE;
	madvise((char *)memory + begin, size - begin, MADV_HUGEPAGE);
	return memory;
}

void memory_unmap(void *memory, size_t size)
{
	if (memory != NULL)
		munmap(memory, round_up(size));
}
