/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/content.h"

#include "conn/conn_history.h"

enum content_kind { KIND_NONE, KIND_DNS, KIND_LINES, KIND_MAIL, KIND_SMB, KIND_SSH };

// Zeek's default ports of these analyzers (spec-conn 8.3).
static enum content_kind kind_of_port(uint16_t port)
{
	switch (port) {
	case 21:
	case 2811:
		return KIND_LINES;
	case 22:
		return KIND_SSH;
	case 25:
	case 587:
		return KIND_MAIL;
	case 53:
		return KIND_DNS;
	case 139:
	case 445:
		return KIND_SMB;
	default:
		return KIND_NONE;
	}
}

bool content_has_port(uint16_t port)
{
	return kind_of_port(port) != KIND_NONE;
}

size_t content_collect(struct content_state *state, size_t want, const uint8_t *data, size_t length)
{
	size_t take = want - state->have < length ? want - state->have : length;

	memcpy(state->head + state->have, data, take);
	state->have = (uint8_t)(state->have + take);
	return take;
}

static size_t read_some(struct content_state *state, enum content_kind kind, const uint8_t *data,
			size_t length, enum content_result *result)
{
	switch (kind) {
	case KIND_DNS:
		return content_dns_read(state, data, length, result);
	case KIND_LINES:
		return content_line_read(state, data, length, result);
	case KIND_MAIL:
		return content_mail_read(state, data, length, result);
	case KIND_SMB:
		return content_smb_read(state, data, length, result);
	case KIND_SSH:
		return content_ssh_read(state, data, length, result);
	default:
		*result = CONTENT_DONE;
		return length;
	}
}

bool content_read(struct conn_table *table, struct conn *conn, unsigned side, const uint8_t *data,
		  size_t length)
{
	struct conn_extension *extension = conn_extension_need(table, conn);
	bool flipped = false;

	if (extension == NULL) {
		// Nobody could tell later where in a message the stream is.
		conn->end[side].watched = 0;
		return false;
	}
	// The port that was the responder's when the connection began stays the protocol's.
	if (extension->content_kind == KIND_NONE)
		extension->content_kind = kind_of_port(conn_port(conn, CONN_RESP)) & 0xff;
	// Of mail only the client's side is read.
	if (extension->content_kind == KIND_MAIL && side == CONN_RESP)
		conn->end[side].watched = 0;
	while (length > 0 && conn->end[side].watched) {
		struct content_state *state = &extension->content[side];
		enum content_result result = CONTENT_NOTHING;
		size_t used = read_some(state, extension->content_kind, data, length, &result);

		data += used;
		length -= used;
		if (result == CONTENT_LIMIT)
			conn_history_limit(table, conn);
		if (result == CONTENT_DONE)
			conn->end[side].watched = 0;
		if (result == CONTENT_MESSAGE) {
			size_t whole = state->total;

			state->total = state->have = 0;
			if (content_dns_message(table, conn, side, state->head + 2, DNS_HEADER,
						whole)) {
				flipped = !flipped;
				side ^= 1;
			}
		}
	}
	return flipped;
}
