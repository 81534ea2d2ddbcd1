/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"

#include <sched.h>
#include <stdbool.h>

// Which CPUs threads run on, where the workers were given some: `cores` in the workers' order. All
// for the main thread.

// Is there such a CPU for each of the workers? 0, or -EINVAL with a message.
int affinity_check(const struct config_texts *cores, uint32_t workers);

// Takes the workers' CPUs away from the calling thread and from those that it starts from now on,
// as far as others are left for them: what writes the log, or collects what was removed, would take
// a worker's time for as long as the kernel lets it.
void affinity_leave_to_workers(const struct config_texts *cores, uint32_t workers);

// The CPU of a worker; false when it was given none.
bool affinity_of_worker(const struct config_texts *cores, uint32_t worker, cpu_set_t *set);

// Goes to the CPU of a worker, if it was given one, so that memory that is touched there is near
// it. `*back` is for affinity_come_back().
void affinity_go_to_worker(const struct config_texts *cores, uint32_t worker, cpu_set_t *back);
void affinity_come_back(const cpu_set_t *back);
