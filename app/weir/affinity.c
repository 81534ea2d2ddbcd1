/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "affinity.h"

#include <sched.h>
#include <stdlib.h>

void affinity_leave_to_workers(const struct config_texts *cores)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	for (size_t i = 0; i < cores->count; i++) {
		size_t cpu = (size_t)atoi(cores->item[i]);

		if (cpu < CPU_SETSIZE)
			CPU_CLR(cpu, &set);
	}
	// Where no CPU is left, the kernel shares them out.
	if (CPU_COUNT(&set) > 0)
		sched_setaffinity(0, sizeof(set), &set);
}
