/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "environment.h"

#include "base/memory.h"

#include <rte_eal.h>
#include <rte_log.h>
#include <rte_malloc.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((uintptr_t)2 << 20)

#if !defined(MADV_COLLAPSE)
#define MADV_COLLAPSE 25
#endif

int bench_eal_start(void)
{
	char lcores[32];
	const char *arguments[] = {"bench",    "--no-huge", "--no-shconf", "--no-telemetry",
				   "--no-pci", "-m",        "128",         lcores};
	FILE *nowhere = fopen("/dev/null", "w");

	snprintf(lcores, sizeof(lcores), "--lcores=0@(0-%ld)", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	if (nowhere != NULL)
		rte_openlog_stream(nowhere);
	if (rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), (char **)(uintptr_t)arguments) <
	    0) {
		fprintf(stderr, "DPDK's environment does not start\n");
		return -1;
	}
	return 0;
}

int bench_eal_heap(size_t size)
{
	void *memory;

	size = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	memory = memory_map(size, true);
	if (memory == NULL || rte_malloc_heap_create("bench") < 0)
		goto failed;
	// Addresses for devices, of which there are none, may be left out.
	if (rte_malloc_heap_memory_add("bench", memory, size, NULL, (unsigned)(size / HUGE_PAGE),
				       HUGE_PAGE) < 0)
		goto failed;
	return rte_malloc_heap_get_socket("bench");

failed:
	memory_unmap(memory, size);
	fprintf(stderr, "no memory for a heap of %zu MB\n", size >> 20);
	return -1;
}

void bench_pages_collapse(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	if (maps == NULL)
		return;
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long begin, end, inode;
		char rights[5];

		if (sscanf(line, "%lx-%lx %4s %*x %*s %lu", &begin, &end, rights, &inode) != 4)
			continue;
		begin = (begin + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
		end &= ~(HUGE_PAGE - 1);
		if (strcmp(rights, "rw-p") != 0 || inode != 0 || begin >= end)
			continue;
		madvise((void *)begin, end - begin, MADV_HUGEPAGE);
		madvise((void *)begin, end - begin, MADV_COLLAPSE);
	}
	fclose(maps);
}

// The number after `name` in one of the kernel's tables, in bytes.
static uint64_t read_kilobytes(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	unsigned long long kilobytes = 0;
	char line[256];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ": %llu", &kilobytes);
	}
	fclose(file);
	return kilobytes * 1024;
}

double bench_pages_share(void)
{
	const char *path = "/proc/self/smaps_rollup";
	// What is reserved does not count as resident.
	uint64_t reserved = read_kilobytes(path, "Private_Hugetlb");
	uint64_t huge = read_kilobytes(path, "AnonHugePages") + reserved;
	uint64_t all = read_kilobytes(path, "Rss") + reserved;

	return all > 0 ? (double)huge / (double)all : 0;
}

uint64_t bench_memory_available(void)
{
	return read_kilobytes("/proc/meminfo", "MemAvailable");
}
