/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__auto_type swap_ = (a);                                                           \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)

static bool is_broadcast(const struct address *address)
{
	static const uint8_t all_ones[4] = {255, 255, 255, 255};

	return address_is_v4(address) && memcmp(address->byte + 12, all_ones, 4) == 0;
}

// spec-conn 1.4, "at creation": a first packet that comes from a server's port was sent by the
// responder.
bool conn_flips_at_creation(const struct conn_settings *settings, const struct packet *packet)
{
	const struct packet_key *key = &packet->key;
	uint16_t source = key->port[packet->sender], destination = key->port[packet->sender ^ 1];
	bool source_likely, destination_likely;

	if (is_broadcast(&key->address[packet->sender ^ 1]))
		return false;
	if (key->protocol == PACKET_UDP)
		return conn_ports_contain(&settings->likely_server_udp, source) &&
		       !conn_ports_contain(&settings->likely_server_udp, destination);
	if (key->protocol != PACKET_TCP)
		return false;
	if ((packet->tcp_flags & (PACKET_TCP_SYN | PACKET_TCP_ACK)) == PACKET_TCP_SYN)
		return false;
	source_likely = conn_ports_contain(&settings->likely_server_tcp, source);
	destination_likely = conn_ports_contain(&settings->likely_server_tcp, destination);
	if (!source_likely)
		return false;
	return !destination_likely ||
	       (!(packet->tcp_flags & PACKET_TCP_SYN) && source < destination);
}

static void flip_flags(struct conn *conn)
{
	unsigned seen = conn->key.flags & (CONN_SEEN_ORIG | CONN_SEEN_RESP);

	conn->key.flags ^= CONN_ORIG_END;
	// A flip settles who opened the connection, so it is no longer taken for partial.
	conn_flag_clear(conn, CONN_PARTIAL);
	if (seen == CONN_SEEN_ORIG || seen == CONN_SEEN_RESP)
		conn->key.flags ^= CONN_SEEN_ORIG | CONN_SEEN_RESP;
}

static void flip_rare(struct conn_rare *rare, bool tcp)
{
	SWAP(rare->packets_high[0], rare->packets_high[1]);
	SWAP(rare->ip_bytes_high[0], rare->ip_bytes_high[1]);
	if (!tcp)
		return;
	SWAP(rare->acked_wraps[0], rare->acked_wraps[1]);
	SWAP(rare->rst_position[0], rare->rst_position[1]);
	for (int kind = 0; kind < CONN_SCALED_COUNT; kind++)
		SWAP(rare->scaled[kind][0], rare->scaled[kind][1]);
}

// The counters change sides; what is waited for does not.
static void flip_watch(struct conn_table *table, struct conn *conn)
{
	struct conn_watch *watch = &table->watch[conn_slot(table, conn)];
	const struct conn_watcher *watcher = table->settings.watcher;

	SWAP(watch->packets[0], watch->packets[1]);
	SWAP(watch->ip_bytes[0], watch->ip_bytes[1]);
	if (watcher != NULL)
		watcher->flipped(watcher->context, table, conn);
}

void conn_flip(struct conn_table *table, struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);
	struct conn_extension *extension = conn_extension_get(table, conn);

	flip_flags(conn);
	SWAP(conn->packets[0], conn->packets[1]);
	SWAP(conn->ip_bytes[0], conn->ip_bytes[1]);
	if (cold->watched)
		flip_watch(table, conn);
	if (cold->rare)
		flip_rare(conn_rare(table, conn), conn->key.protocol == PACKET_TCP);
	if (extension != NULL) {
		uint8_t mac[6];

		SWAP(extension->ip_bytes_top[0], extension->ip_bytes_top[1]);
		memcpy(mac, extension->mac[0], sizeof(mac));
		memcpy(extension->mac[0], extension->mac[1], sizeof(mac));
		memcpy(extension->mac[1], mac, sizeof(mac));
	}
	if (conn->key.protocol == PACKET_TCP) {
		SWAP(conn->end[0], conn->end[1]);
		// What was recorded once belongs to the direction (spec-conn 2.5).
		SWAP(conn->end[0].letters, conn->end[1].letters);
		SWAP(cold->last_wraps[0], cold->last_wraps[1]);
		SWAP(cold->round_trip[0], cold->round_trip[1]);
		SWAP(cold->fin_position[0], cold->fin_position[1]);
	}
	if (extension != NULL && conn->key.protocol == PACKET_TCP) {
		SWAP(extension->range_bytes[0], extension->range_bytes[1]);
		SWAP(extension->range[0], extension->range[1]);
		SWAP(extension->range_last[0], extension->range_last[1]);
		SWAP(extension->range_count[0], extension->range_count[1]);
		SWAP(extension->gaps[0], extension->gaps[1]);
		SWAP(extension->out_of_order[0], extension->out_of_order[1]);
		SWAP(extension->excused[0], extension->excused[1]);
		SWAP(extension->content[0], extension->content[1]);
		SWAP(extension->syn_position[0], extension->syn_position[1]);
		for (int kind = 0; kind < CONN_SCALED_COUNT; kind++)
			SWAP(extension->scaled_high[kind][0], extension->scaled_high[kind][1]);
	}
	conn_history_add(table, conn, CONN_ORIG, '^');
	if (__builtin_expect(table->settings.events != 0 || table->events_waiting > 0, 0))
		conn_event_flipped(table, conn);
}
