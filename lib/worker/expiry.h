/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_table.h"

// Where the workers of a file run agree on which timers are the first, among those of all of them,
// when only so many may run before a packet:
//
//   board: | half 0 | half 1 |     used in turn, so that a fast worker does not write what a slow one still reads
//   half:  | arrived 4 | per worker: count, times of its first timers, in order |
//
// Each worker writes its own part, waits until all have arrived, and reads all.
struct expiry_board;

#define EXPIRY_WORKERS_MOST 64

// NULL with a message when memory is out. Start-up only.
struct expiry_board *expiry_board_create(uint32_t workers, uint32_t timers_a_packet);
void expiry_board_destroy(struct expiry_board *board);

// For `worker` and the timers of its table; all workers must come here for the same packets. Sets
// how many of its own run before and after this packet. Worker only.
void expiry_agree(struct expiry_board *board, uint32_t worker, struct conn_table *table,
		  struct conn_turn *turn);
