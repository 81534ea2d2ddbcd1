/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "worker/expiry.h"

#include "base/message.h"
#include "worker/worker_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

struct part {
	uint32_t rounds; // this worker's visits, on both halves; its own business
	uint32_t count[2];
	uint64_t *times[2]; // [2 * limit]
};

struct expiry_board {
	uint32_t workers;
	uint32_t limit;
	atomic_uint arrived[2]; // ever
	struct part part[];
};

void expiry_board_destroy(struct expiry_board *board)
{
	if (board == NULL)
		return;
	for (uint32_t i = 0; i < board->workers; i++) {
		free(board->part[i].times[0]);
		free(board->part[i].times[1]);
	}
	free(board);
}

struct expiry_board *expiry_board_create(uint32_t workers, uint32_t timers_a_packet)
{
	struct expiry_board *board = calloc(1, sizeof(*board) + workers * sizeof(board->part[0]));

	if (board == NULL)
		goto no_memory;
	board->workers = workers;
	board->limit = timers_a_packet;
	for (uint32_t i = 0; i < workers; i++) {
		for (int half = 0; half < 2; half++) {
			uint64_t *times = calloc(2 * (size_t)timers_a_packet, sizeof(*times));

			if (times == NULL)
				goto no_memory;
			board->part[i].times[half] = times;
		}
	}
	return board;

no_memory:
	message_error("no memory for %u workers to agree on timers", workers);
	expiry_board_destroy(board);
	return NULL;
}

static void wait_for_all(struct expiry_board *board, unsigned half, uint32_t visits)
{
	uint32_t target = visits * board->workers, idle = 0;

	atomic_fetch_add_explicit(&board->arrived[half], 1, memory_order_acq_rel);
	// The counter may wrap.
	while ((int32_t)(atomic_load_explicit(&board->arrived[half], memory_order_acquire) -
			 target) < 0)
		worker_yield(&idle);
}

// Whose timer is next, after each worker's first `taken` ones; ties go to the lower number.
static uint32_t next_worker(const struct expiry_board *board, unsigned half, const uint32_t *taken)
{
	uint32_t best = board->workers;

	for (uint32_t i = 0; i < board->workers; i++) {
		const struct part *part = &board->part[i];

		if (taken[i] == part->count[half])
			continue;
		if (best == board->workers ||
		    part->times[half][taken[i]] < board->part[best].times[half][taken[best]])
			best = i;
	}
	return best;
}

// How many of `worker`'s timers are among the first `count` of all that were not taken yet.
static size_t take_first(const struct expiry_board *board, unsigned half, uint32_t worker,
			 uint32_t count, uint32_t *taken)
{
	uint32_t before = taken[worker];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t next = next_worker(board, half, taken);

		if (next == board->workers)
			break;
		taken[next]++;
	}
	return taken[worker] - before;
}

void expiry_agree(struct expiry_board *board, uint32_t worker, struct conn_table *table,
		  struct conn_turn *turn)
{
	struct part *part = &board->part[worker];
	unsigned half = part->rounds & 1;
	uint32_t visits = part->rounds / 2 + 1, taken[EXPIRY_WORKERS_MOST] = {0};
	uint64_t all = 0;

	part->rounds++;
	part->count[half] = (uint32_t)conn_table_due(table, part->times[half],
						     2 * (size_t)board->limit);
	wait_for_all(board, half, visits);
	for (uint32_t i = 0; i < board->workers; i++)
		all += board->part[i].count[half];
	if (all < board->limit) {
		*turn = (struct conn_turn){.before = SIZE_MAX};
		return;
	}
	turn->before = take_first(board, half, worker, board->limit, taken);
	turn->after = take_first(board, half, worker, board->limit, taken);
	turn->more = all > 2 * (uint64_t)board->limit;
}
