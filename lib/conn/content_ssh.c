/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/bytes.h"
#include "conn/content.h"

// SSH (RFC 4253): a banner line, then packets, in the clear until new keys are taken. The packet in
// which a side lists its algorithms may name at most a hundred of each kind.

#define PACKET_HEAD     6 // length, padding length, type
#define PACKET_MOST     (8u << 20)
#define COOKIE          16
#define ALGORITHM_LISTS 10
#define ALGORITHMS_MOST 100
#define LIST_LENGTH     4

enum ssh_message { SSH_KEX_INIT = 20, SSH_NEW_KEYS = 21 };
enum ssh_phase { SSH_BANNER, SSH_HEAD, SSH_BODY, SSH_LIST_LENGTH, SSH_LIST };

static size_t read_banner(struct content_state *state, const uint8_t *data, size_t length)
{
	const uint8_t *end = memchr(data, '\n', length);
	size_t used = end != NULL ? (size_t)(end - data) + 1 : length;

	if (state->have < 4)
		content_collect(state, 4, data, used);
	if (end == NULL)
		return used;
	// A server may send other lines before (RFC 4253, section 4.2).
	if (state->have == 4 && memcmp(state->head, "SSH-", 4) == 0)
		state->phase = SSH_HEAD;
	state->have = 0;
	return used;
}

static size_t read_head(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result)
{
	size_t used = content_collect(state, PACKET_HEAD, data, length);
	uint32_t packet;

	if (state->have < PACKET_HEAD)
		return used;
	state->have = 0;
	packet = bytes_be32(state->head);
	if (packet > PACKET_MOST || packet < 2 || state->head[5] == SSH_NEW_KEYS) {
		*result = CONTENT_DONE;
		return used;
	}
	state->left = packet - 2;
	state->phase = SSH_BODY;
	state->list = state->head[5] == SSH_KEX_INIT ? 0 : ALGORITHM_LISTS;
	// The cookie stands where a first list would.
	state->total = state->list == 0 ? COOKIE : 0;
	return used;
}

// The number of algorithms in a list is the number of its commas, and one.
static void count_names(struct content_state *state, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < length; i++)
		state->names = (uint16_t)(state->names + (data[i] == ','));
	if (state->names >= ALGORITHMS_MOST)
		state->over = 1;
}

// Inside a packet; `length` does not reach beyond it.
static size_t read_lists(struct content_state *state, const uint8_t *data, size_t length)
{
	size_t used;

	if (state->phase == SSH_LIST_LENGTH) {
		used = content_collect(state, LIST_LENGTH, data, length);
		if (state->have == LIST_LENGTH) {
			state->have = 0;
			state->total = bytes_be32(state->head);
			state->names = 0;
			state->phase = SSH_LIST;
		}
		return used;
	}
	used = length < state->total ? length : state->total;
	if (state->phase == SSH_LIST)
		count_names(state, data, used);
	state->total -= (uint32_t)used;
	if (state->total > 0)
		return used;
	if (state->phase == SSH_LIST)
		state->list++;
	state->phase = SSH_LIST_LENGTH;
	return used;
}

size_t content_ssh_read(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result)
{
	size_t used;

	if (state->phase == SSH_BANNER)
		return read_banner(state, data, length);
	if (state->phase == SSH_HEAD)
		return read_head(state, data, length, result);
	if (length > state->left)
		length = state->left;
	used = state->list < ALGORITHM_LISTS ? read_lists(state, data, length) : length;
	state->left -= (uint32_t)used;
	if (state->left == 0) {
		state->phase = SSH_HEAD;
		state->have = 0;
		if (state->over)
			*result = CONTENT_LIMIT;
		state->over = 0;
	}
	return used;
}
