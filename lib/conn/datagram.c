/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

#include "base/bytes.h"
#include "conn/datagram.h"

// UDP, ICMP and every other IP protocol: no state but who sent how much.

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
	if (!conn_flag(conn, CONN_HALF_OPEN) || conn->packets[side ^ 1] == 0)
		return;
	conn_flag_clear(conn, CONN_HALF_OPEN);
	conn_list_remove(table, &table->half_open, conn);
}

static bool is_dns_port(uint16_t port)
{
	return port == 53 || port == 137 || port == 5353 || port == 5355;
}

// Zeek's DNS analyzer takes 224.x.x.x and ff00::/8, and nothing else, for multicast here (spec-conn
// 10, trap 13).
static bool is_multicast(const struct address *address)
{
	return address_is_v4(address) ? address->byte[12] == 224 : address->byte[0] == 0xff;
}

// spec-conn 1.4, "later": the first DNS message is a response, so its sender is the server.
static bool dns_flips(const struct conn *conn, const struct packet *packet, unsigned side)
{
	unsigned responder = (conn->key.flags & CONN_ORIG_END) ^ CONN_RESP;

	if (packet->payload_captured < 12 || packet->payload_length < 12)
		return false;
	return side == CONN_ORIG && packet->payload[2] & 0x80 &&
	       !is_multicast(&conn->key.address[responder]);
}

// A server's NTP message (mode 4) from the originator, or a client's (mode 3) from the responder.
static bool ntp_flips(const struct packet *packet, unsigned side)
{
	unsigned mode;

	if (packet->payload_captured < 48)
		return false;
	mode = packet->payload[0] & 7;
	return (side == CONN_ORIG && mode == 4) || (side == CONN_RESP && mode == 3);
}

// Lets what the messages say decide who is the originator, once. Payload totals and letters stay
// with their old sides then, as in Zeek (spec-conn 1.4, side effects).
static void flip_by_content(struct conn_table *table, struct conn *conn,
			    const struct packet *packet, unsigned side)
{
	uint16_t port = conn_port(conn, CONN_RESP);
	bool flip;

	if (conn_flag(conn, CONN_FLIPPED_LATE))
		return;
	if (is_dns_port(port)) {
		// Only the very first message counts.
		conn_flag_set(conn, CONN_FLIPPED_LATE);
		flip = dns_flips(conn, packet, side);
	} else if (port == 123) {
		flip = ntp_flips(packet, side);
	} else {
		conn_flag_set(conn, CONN_FLIPPED_LATE);
		return;
	}
	if (!flip)
		return;
	conn_flip(table, conn);
	conn_flag_set(conn, CONN_FLIPPED_LATE);
}

void udp_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned side = conn_side(conn, packet);

	if (packet->transport != PACKET_TRANSPORT_OK) {
		table->counters.bad_checksum++;
		conn_history_scaled(table, conn, side, CONN_BAD_CHECKSUM, 'C');
		return;
	}
	conn->last = packet->time;
	conn_history_once(table, conn, side, CONN_LETTER_DATA, 'D');
	payload_add(&conn->end[side], packet->udp_length);
	flip_by_content(table, conn, packet, side);
	conn_count(table, conn, side, packet->ip_length);
	answered(table, conn, side);
}

void icmp_track(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	unsigned side = conn_side(conn, packet);

	if (packet->transport != PACKET_TRANSPORT_OK) {
		table->counters.bad_checksum++;
		return;
	}
	conn->last = packet->time;
	payload_add(&conn->end[side], packet->payload_length);
	// Zeek counts ICMP packets only when all of them was captured (spec-conn 2.3).
	if (packet->cut)
		return;
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
