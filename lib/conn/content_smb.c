/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/bytes.h"
#include "conn/content.h"

// SMB version 1 ([MS-CIFS]) in the session service of NetBIOS (RFC 1002): a message may be a chain
// of commands ("AndX"), each naming the place of the next. Zeek follows at most ten, and only
// forwards. Messages that are not in one segment are passed over.

#define SESSION_HEADER 4
#define SMB_HEADER     32
#define CHAIN_MOST     10
#define NO_COMMAND     0xff

static bool chains(uint8_t command)
{
	switch (command) {
	case 0x24: // locking
	case 0x2e: // read
	case 0x2f: // write
	case 0x73: // session set-up
	case 0x74: // log-off
	case 0x75: // tree connect
	case 0xa2: // NT create
		return true;
	default:
		return false;
	}
}

static bool passes_limit(const uint8_t *message, size_t length)
{
	static const uint8_t magic[4] = {0xff, 'S', 'M', 'B'};
	uint32_t at = SMB_HEADER;
	uint8_t command;

	if (length < SMB_HEADER || memcmp(message, magic, sizeof(magic)) != 0)
		return false;
	command = message[4];
	for (unsigned depth = 0; chains(command) && at + 5 <= length; depth++) {
		const uint8_t *block = message + at;
		uint32_t next = (uint32_t)(block[3] | block[4] << 8);

		command = block[1];
		if (command == NO_COMMAND)
			return false;
		if (depth >= CHAIN_MOST || next <= at)
			return true;
		at = next;
	}
	return false;
}

size_t content_smb_read(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result)
{
	size_t used = 0, rest;

	if (state->left == 0) {
		used = content_collect(state, SESSION_HEADER, data, length);
		if (state->have < SESSION_HEADER)
			return used;
		state->have = 0;
		state->left = bytes_be32(state->head) & 0xffffff;
		if (state->left <= length - used && passes_limit(data + used, state->left))
			*result = CONTENT_LIMIT;
	}
	rest = length - used < state->left ? length - used : state->left;
	state->left -= (uint32_t)rest;
	return used + rest;
}
