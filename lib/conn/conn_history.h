/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_internal.h"

// The history column (spec-conn 2.5): one letter for each kind of thing that happened, upper case
// for the originator, lower case for the responder. Same owner as the connection.

// Appends `letter` (upper case, or '^') as side `side` has it. A history that is full stays as it
// is.
void conn_history_add(struct conn_table *table, struct conn *conn, unsigned side, char letter);

// Appends `letter` unless `mask` was recorded for this side before. True when it was appended.
bool conn_history_once(struct conn_table *table, struct conn *conn, unsigned side,
		       enum conn_letter mask, char letter);

// Counts one more `kind` of this side and appends `letter` at occurrence 1, 10, 100 and so on.
void conn_history_scaled(struct conn_table *table, struct conn *conn, unsigned side,
			 enum conn_scaled kind, char letter);

// The same for retransmissions, 'T', whose count begins in the hot part.
void conn_history_retransmission(struct conn_table *table, struct conn *conn, unsigned side);

// How many of a kind there were so far.
uint64_t conn_history_count(const struct conn_table *table, const struct conn *conn, unsigned side,
			    enum conn_scaled kind);

// Is `count` a power of ten?
bool conn_history_scale(uint64_t count);

// Copies the history to `text`, which has room for CONN_HISTORY_SIZE; returns its length.
uint8_t conn_history_copy(const struct conn_table *table, const struct conn *conn, char *text);

// Is the history exactly this one letter?
bool conn_history_is(const struct conn_table *table, const struct conn *conn, char letter);

// Makes the history these letters.
void conn_history_replace(struct conn_table *table, struct conn *conn, const char *letters);

// X, once in a connection and always in upper case: weir stopped looking at something.
static inline void conn_history_limit(struct conn_table *table, struct conn *conn)
{
	conn_history_once(table, conn, CONN_ORIG, CONN_LETTER_LIMIT, 'X');
}
