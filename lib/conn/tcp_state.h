/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_internal.h"

// What a packet asks for after its transition.
struct tcp_close {
	bool wanted;
	bool finish; // with the finish event, unless it was a rejection
};

// The transitions of spec-conn 3.3 for a packet of `sender`. `from_orig` says who sent it by the
// roles before this packet, which a flip inside the packet leaves behind (spec-conn 3.6). Returns
// the sender's side, which such a flip changes.
unsigned tcp_state_update(struct conn_table *table, struct conn *conn, const struct packet *packet,
			  unsigned sender, bool from_orig, struct tcp_close *close);

// The SYN or SYN-ACK of the side that had sent nothing: both are established.
void tcp_state_open(struct conn_table *table, struct conn *conn, const struct packet *packet,
		    unsigned sender);

// Close processing of spec-conn 3.5 for `side`, now or, when its stream is not complete, later.
void tcp_state_close(struct conn_table *table, struct conn *conn, unsigned side, bool finish);

// The part of it that comes now; `side` was not closed before.
void tcp_state_closed(struct conn_table *table, struct conn *conn, unsigned side, bool finish);

// Times the second half of the handshake, by the originator's first packet with an ACK; before that
// is counted. Anything but three single packets in their order leaves it unknown.
void tcp_state_time_answer(struct conn_table *table, struct conn *conn,
			   const struct packet *packet);

// Looks whether a side reached the end of its stream with this packet of `sender`, and does what
// waited for that.
void tcp_state_check_end(struct conn_table *table, struct conn *conn, unsigned sender);
