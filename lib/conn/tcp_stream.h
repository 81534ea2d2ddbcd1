/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_internal.h"

// What Zeek's reassembler would know of a stream, without its bytes: up to where it is whole, what
// arrived ahead of a hole, and which holes were acknowledged, and so are gaps
// (spec-conn 2.4, 3.4, 3.5).

// Payload of `side` arrived at [position, position + length). Returns how many of its last bytes
// are new and continue the stream without a hole.
uint32_t tcp_stream_data(struct conn_table *table, struct conn *conn, unsigned side,
			 uint64_t position, uint32_t length);

// The peer acknowledged everything of `side` below `position`.
void tcp_stream_acked(struct conn_table *table, struct conn *conn, unsigned side,
		      uint64_t position);

// Is there payload of `side` that its peer may still want: a hole, or, unless `side` was reset,
// data of the other side that was not acknowledged?
bool tcp_stream_pending(const struct conn_table *table, const struct conn *conn, unsigned side);

// Bytes that `side` sent, by its sequence numbers and its peer's acknowledgements.
uint64_t tcp_stream_size(const struct conn_table *table, const struct conn *conn, unsigned side);

// The relative position of the latest FIN of `side`, one past it; only when end.fin is set.
uint64_t tcp_stream_fin(const struct conn_table *table, const struct conn *conn, unsigned side);
