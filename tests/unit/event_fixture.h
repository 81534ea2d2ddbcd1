/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn_fixture.h"

#define ALL_EVENTS  ((UINT32_C(1) << CONN_EVENT_COUNT) - 1)
#define EVENTS_MOST 64

// What the subscriber got since it was asked last.
struct heard {
	struct conn_event event[EVENTS_MOST];
	uint32_t count;
};

static struct heard heard;

static inline void hear(void *context, const struct conn_event *event)
{
	struct heard *to = context;

	assert_true(to->count < EVENTS_MOST);
	to->event[to->count++] = *event;
}

static inline void start(struct tracking *tracking, uint32_t events)
{
	heard.count = 0;
	tracking->settings.events = events;
	tracking->settings.event = hear;
	tracking->settings.event_context = &heard;
	tracking->settings.tcp_reset_delay = 2 * TIME_SECOND;
	tracking->settings.tcp_partial_close_delay = 3 * TIME_SECOND;
	tracking_start(tracking, NULL);
}

// Exactly these came, in this order: their names with a space in between. They can be looked at
// until the next one comes.
static inline void assert_heard(const char *expected)
{
	char text[EVENTS_MOST * 32] = "";
	size_t length = 0;

	for (uint32_t i = 0; i < heard.count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
					   i > 0 ? " " : "", conn_event_name(heard.event[i].kind));
	assert_string_equal(text, expected);
	heard.count = 0;
}

static inline uint32_t host_of(const struct conn_event *event, unsigned side)
{
	return bytes_be32(event->address[side].byte + 12) & 0xffffff;
}

static inline void assert_roles(uint32_t index, uint32_t orig, uint16_t orig_port, uint32_t resp,
				uint16_t resp_port)
{
	const struct conn_event *event = &heard.event[index];

	assert_int_equal(host_of(event, CONN_ORIG), orig);
	assert_int_equal(host_of(event, CONN_RESP), resp);
	assert_int_equal(event->port[CONN_ORIG], orig_port);
	assert_int_equal(event->port[CONN_RESP], resp_port);
}

static inline void assert_removal(uint32_t index, enum conn_state state, enum conn_reason reason,
				  const char *history)
{
	const struct conn_event *event = &heard.event[index];

	assert_int_equal(event->kind, CONN_EVENT_STATE_REMOVE);
	assert_string_equal(conn_state_name(event->state), conn_state_name(state));
	assert_string_equal(conn_reason_name(event->reason), conn_reason_name(reason));
	assert_int_equal(event->history_length, strlen(history));
	assert_memory_equal(event->history, history, strlen(history));
}

static inline void drain(struct tracking *tracking)
{
	while (conn_table_drain(tracking->table, SIZE_MAX) > 0)
		;
	assert_books_balance(tracking->table);
}

static inline void track_dns(struct tracking *tracking, uint32_t from, uint16_t from_port,
			     uint32_t to, uint16_t to_port, bool response)
{
	static uint8_t message[12];
	struct packet *packet = packet_between(tracking, PACKET_UDP, from, from_port, to, to_port);

	message[2] = response ? 0x80 : 0;
	packet->payload = message;
	packet->payload_length = packet->payload_captured = sizeof(message);
	packet->udp_length = sizeof(message);
	track(tracking);
}
