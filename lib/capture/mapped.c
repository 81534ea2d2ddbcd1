/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/mapped.h"

#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

// For the signal handler.
static uint8_t *area_begin;
static size_t area_size;
static struct sigaction action_before;

atomic_uint mapped_losses;

// All that is called here are system calls.
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uint8_t *at = (uint8_t *)((uintptr_t)info->si_addr & ~(page - 1));
	int error = errno;

	(void)context;
	atomic_fetch_add(&mapped_losses, 1);
	// What is none of ours comes again, and then to whom it concerns.
	if (at < area_begin || at >= area_begin + area_size ||
	    mmap(at, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		sigaction(signal, &action_before, NULL);
	errno = error;
}

bool mapped_is_better(int descriptor)
{
	struct statfs system;
	void *trial;

	if (fstatfs(descriptor, &system) < 0 || system.f_type == TMPFS_MAGIC)
		return false;
	trial = mmap(NULL, 1, PROT_READ, MAP_SHARED, descriptor, 0);
	if (trial == MAP_FAILED)
		return false;
	munmap(trial, 1);
	return true;
}

uint8_t *mapped_area_create(size_t size)
{
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	uint8_t *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		return NULL;
	area_begin = area;
	area_size = size;
	sigaction(SIGBUS, &action, &action_before);
	return area;
}

void mapped_area_destroy(uint8_t *area)
{
	if (area == NULL)
		return;
	sigaction(SIGBUS, &action_before, NULL);
	munmap(area, area_size);
}

int mapped_piece(uint8_t *place, int descriptor, uint64_t offset, size_t size)
{
	if (mmap(place, size, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, (off_t)offset) ==
	    MAP_FAILED)
		return -errno;
	madvise(place, size, MADV_SEQUENTIAL);
	// Reads it all, so that an error is told here. Kernels before 5.14 cannot: there it is read as
	// it is looked at.
	if (madvise(place, size, MADV_POPULATE_READ) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}
