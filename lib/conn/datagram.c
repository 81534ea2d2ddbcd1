/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

#include "base/bytes.h"
#include "conn/content.h"
#include "conn/datagram.h"

// UDP, ICMP and every other IP protocol: no state but who sent how much.

#define NTP_MESSAGE         48
#define NTP_MAC_MOST        24
#define NTP_EXTENSION_LEAST 16

int64_t datagram_payload(const struct conn_endpoint *end)
{
	return (int64_t)end->payload_high * (INT64_C(1) << 32) + end->payload_low;
}

static void payload_set(struct conn_endpoint *end, int64_t payload)
{
	end->payload_low = (uint32_t)payload;
	end->payload_high = (int32_t)(payload >> 32);
}

void datagram_start(struct conn *conn)
{
	payload_set(&conn->end[CONN_ORIG], -1);
	payload_set(&conn->end[CONN_RESP], -1);
}

// A total below zero stands for "nothing sent" (spec-conn 2.2), also when an impossible length
// field led there.
static void payload_add(struct conn_endpoint *end, int64_t bytes)
{
	int64_t total = datagram_payload(end);

	payload_set(end, (total < 0 ? 0 : total) + bytes);
}

// Both sides have spoken: not among the first to be evicted any more.
static void answered(struct conn_table *table, struct conn *conn, unsigned side)
{
	// A watched connection's counter may stand anywhere but at 0, so that the others need no look
	// at their cold line.
	if (!conn_flag(conn, CONN_HALF_OPEN) || conn->packets[side ^ 1] == 0 ||
	    conn_packets(table, conn, side ^ 1) == 0)
		return;
	conn_flag_clear(conn, CONN_HALF_OPEN);
	conn_list_remove(table, &table->half_open, conn);
}

static bool is_dns_port(uint16_t port)
{
	return port == 53 || port == 137 || port == 5353 || port == 5355;
}

// What follows the message is a MAC of at most 24 bytes, or extension fields with their lengths
// (RFC 5906). Zeek reads the mode only of messages that fit.
static bool ntp_extensions_fit(const struct packet *packet)
{
	const uint8_t *at = packet->payload + NTP_MESSAGE;
	uint32_t left = packet->payload_captured - NTP_MESSAGE;

	while (left > NTP_MAC_MOST) {
		uint32_t length = bytes_be16(at + 2);

		if (length < NTP_EXTENSION_LEAST || length > left)
			return false;
		at += length;
		left -= length;
	}
	return true;
}

// A server's NTP message (mode 4) from the originator, or a client's (mode 3) from the responder.
static bool ntp_flips(const struct packet *packet, unsigned side)
{
	unsigned mode;

	if (packet->payload_captured < NTP_MESSAGE || !ntp_extensions_fit(packet))
		return false;
	mode = packet->payload[0] & 7;
	return (side == CONN_ORIG && mode == 4) || (side == CONN_RESP && mode == 3);
}

// Lets what the messages say decide who is the originator, once. Payload totals and letters stay
// with their old sides then, as in Zeek (spec-conn 1.4, side effects).
static void read_message(struct conn_table *table, struct conn *conn, const struct packet *packet,
			 unsigned side)
{
	uint16_t port = conn_port(conn, CONN_RESP);

	if (is_dns_port(port)) {
		content_dns_message(table, conn, side, packet->payload, packet->payload_captured,
				    packet->payload_length);
	} else if (port == 123 && !conn_flag(conn, CONN_FLIPPED_LATE) && ntp_flips(packet, side)) {
		conn_flip(table, conn);
		conn_flag_set(conn, CONN_FLIPPED_LATE);
	}
}

void udp_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned side = conn_side(conn, packet);

	if (packet->transport != PACKET_TRANSPORT_OK) {
		table->counters.bad_checksum++;
		conn_history_scaled(table, conn, side, CONN_BAD_CHECKSUM, 'C');
		conn_changed(table, conn);
		return;
	}
	conn->last = packet->time;
	conn_history_once(table, conn, side, CONN_LETTER_DATA, 'D');
	payload_add(&conn->end[side], packet->udp_length);
	read_message(table, conn, packet, side);
	conn_count(table, conn, side, packet->ip_length);
	answered(table, conn, side);
}

void icmp_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned side = conn_side(conn, packet);

	if (packet->transport != PACKET_TRANSPORT_OK) {
		table->counters.bad_checksum++;
		conn_changed(table, conn);
		return;
	}
	conn->last = packet->time;
	payload_add(&conn->end[side], packet->payload_length);
	// Zeek counts ICMP packets only when all of them was captured (spec-conn 2.3).
	if (packet->cut) {
		conn_changed(table, conn);
		return;
	}
	conn_count(table, conn, side, packet->ip_length);
	answered(table, conn, side);
}

void other_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned side = conn_side(conn, packet);

	conn->last = packet->time;
	conn_count(table, conn, side, packet->ip_length);
	answered(table, conn, side);
}
