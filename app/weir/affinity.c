/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "affinity.h"

#include "base/message.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

// More CPUs may be named than there are workers: the first ones count.
static size_t cores_in_use(const struct config_texts *cores, uint32_t workers)
{
	return cores->count < workers ? cores->count : workers;
}

int affinity_check(const struct config_texts *cores, uint32_t workers)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (size_t i = 0; i < cores_in_use(cores, workers); i++) {
		if (atol(cores->item[i]) < cpus)
			continue;
		message_error("[workers] cores: there is no CPU %s, this machine has 0 to %ld",
			      cores->item[i], cpus - 1);
		return -EINVAL;
	}
	return 0;
}

void affinity_leave_to_workers(const struct config_texts *cores, uint32_t workers)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	for (size_t i = 0; i < cores_in_use(cores, workers); i++)
		CPU_CLR((size_t)atol(cores->item[i]), &set);
	// Where no CPU is left, the kernel shares them out.
	if (CPU_COUNT(&set) > 0)
		sched_setaffinity(0, sizeof(set), &set);
}

bool affinity_of_worker(const struct config_texts *cores, uint32_t worker, cpu_set_t *set)
{
	CPU_ZERO(set);
	if (worker >= cores->count)
		return false;
	CPU_SET((size_t)atol(cores->item[worker]), set);
	return true;
}

void affinity_go_to_worker(const struct config_texts *cores, uint32_t worker, cpu_set_t *back)
{
	cpu_set_t set;

	CPU_ZERO(back);
	if (affinity_of_worker(cores, worker, &set) &&
	    sched_getaffinity(0, sizeof(*back), back) == 0)
		sched_setaffinity(0, sizeof(set), &set);
}

void affinity_come_back(const cpu_set_t *back)
{
	if (CPU_COUNT(back) > 0)
		sched_setaffinity(0, sizeof(*back), back);
}
