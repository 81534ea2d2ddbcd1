/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/bytes.h"
#include "conn/conn_history.h"
#include "conn/content.h"

// DNS (RFC 1035): messages in datagrams, or in a stream with their length in front.

#define LENGTH_FIELD 2
#define NETBIOS_PORT 137
// Zeek's dns_max_queries.
#define QUESTIONS_MOST 25

#define OPCODE_QUERY   0

// Zeek's DNS analyzer takes 224.x.x.x and ff00::/8, and nothing else, for multicast here (spec-conn
// 10, trap 13).
static bool is_multicast(const struct address *address)
{
	return address_is_v4(address) ? address->byte[12] == 224 : address->byte[0] == 0xff;
}

static bool is_netbios(const struct conn *conn)
{
	return conn->key.port[0] == NETBIOS_PORT || conn->key.port[1] == NETBIOS_PORT;
}

bool content_dns_message(struct conn_table *table, struct conn *conn, unsigned side,
			 const uint8_t *data, size_t captured, size_t length)
{
	unsigned responder = (conn->key.flags & CONN_ORIG_END) ^ CONN_RESP;
	bool response, flips = false;

	if (captured < DNS_HEADER || length < DNS_HEADER)
		return false;
	response = data[2] & 0x80;
	// Zeek 8 reads no other messages; later ones read notifications and updates too.
	if ((data[2] >> 3 & 0xf) != OPCODE_QUERY && !is_netbios(conn)) {
		conn_history_limit(table, conn);
		return false;
	}
	// The very first message is a response, so its sender is the server (spec-conn 1.4).
	if (!conn_flag(conn, CONN_FLIPPED_LATE)) {
		flips = response && side == CONN_ORIG &&
			!is_multicast(&conn->key.address[responder]);
		conn_flag_set(conn, CONN_FLIPPED_LATE);
		if (flips)
			conn_flip(table, conn);
	}
	if (bytes_be16(data + 4) > QUESTIONS_MOST)
		conn_history_limit(table, conn);
	return flips;
}

size_t content_dns_read(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result)
{
	size_t used = 0, want;

	if (state->total == 0) {
		used = content_collect(state, LENGTH_FIELD, data, length);
		if (state->have < LENGTH_FIELD)
			return used;
		state->total = state->left = bytes_be16(state->head);
		if (state->total == 0)
			state->have = 0;
	}
	want = state->total < DNS_HEADER ? state->total : DNS_HEADER;
	if (state->total != 0 && state->have < LENGTH_FIELD + want) {
		size_t took = content_collect(state, LENGTH_FIELD + want, data + used,
					      length - used);

		used += took;
		state->left -= (uint32_t)took;
	}
	if (state->left > 0) {
		size_t rest = length - used < state->left ? length - used : state->left;

		used += rest;
		state->left -= (uint32_t)rest;
	}
	if (state->total != 0 && state->left == 0)
		*result = CONTENT_MESSAGE;
	return used;
}
