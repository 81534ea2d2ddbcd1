/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "check.h"

#include "base/time.h"
#include "conn/conn_extension.h"
#include "conn/conn_internal.h"
#include "packet/packet_internal.h"

// Any sequence of packets through a small table. An input is two bytes of settings, and then for
// each packet 18:
//
//     | who 1 | flags 1 | step 1 | what 1 | seq 2 | ack 2 | scale 1 | window 2 | payload 2 | cut 1
//     | byte 1 | tunnels 1 | inside 1 | work 1 |
//
//     who:      protocol 2 bits, direction 1, connection 3, port 2
//     step:     mantissa 3 bits, exponent 5 (31: back)
//     what:     checksum or header 2 bits, time between polls 2, ..
//     seq, ack: signed distances from what would come next
//     scale:    left shifts of seq and ack, 4 bits each
//     tunnels:  the stack that it came through 3 bits, the parent 3, whether it carries 1, one byte
//               of that is wrong 1
//     inside:   how many tunnels it carries, and of what kinds
//     work:     what is done after the packet

#define MAXIMUM      64
#define PACKETS_MOST 600
#define RECORD       18
// Tunnels that a packet can be made to carry.
#define CARRIED_MOST 6
#define PAYLOAD      65536

enum {
	EXACT = 1,
	RECLAIM = 2,
	SHORT_POOLS = 4,
	SLOW_READER = 8,
	LATE_GRACE = 16,
	TUNNELS = 32,
	COLUMNS = 64
};
enum { WORK_TAKE = 1, WORK_ADVANCE = 2, WORK_ADVANCE_FEW = 4, WORK_GRACE = 8, WORK_RECLAIM = 16 };

// What the two hosts of a connection would send next.
struct stream {
	uint32_t next[2];
};

static struct conn_limbo *limbo[2 * CONN_LIMBO_BATCHES];
static unsigned limbo_count;
static bool late_grace;

static void end_grace(void)
{
	while (limbo_count > 0)
		atomic_store(&limbo[--limbo_count]->elapsed, true);
}

static void note_limbo(struct conn_limbo *batch)
{
	CHECK(batch->count > 0 && batch->count <= CONN_LIMBO_BATCH);
	CHECK(limbo_count < 2 * CONN_LIMBO_BATCHES);
	limbo[limbo_count++] = batch;
	if (!late_grace)
		end_grace();
}

static struct packet_tunnels tunnels = {.depth = 4};

static void carrier(void *context, const struct packet *packet, bool ours, enum packet_tunnel kind,
		    struct uid uid);

static struct conn_settings settings_of(uint8_t bits, uint8_t spans)
{
	struct conn_settings settings = {
		.maximum = MAXIMUM,
		.exact_time = bits & EXACT,
		.worker = 3,
		.uid_key = {1, {2, 3, 4, 5}},
		.secret = {11, 22, 33, 44, 55, 66},
		.inactivity = {[CONN_TIMEOUT_TCP_HANDSHAKE] = TIME_MINUTE,
			       [CONN_TIMEOUT_TCP] = 5 * TIME_MINUTE,
			       [CONN_TIMEOUT_TCP_LONG] = TIME_HOUR,
			       [CONN_TIMEOUT_UDP] = TIME_MINUTE,
			       [CONN_TIMEOUT_ICMP] = TIME_MINUTE,
			       [CONN_TIMEOUT_OTHER] = TIME_MINUTE},
		.tcp_attempt_delay = 5 * TIME_SECOND,
		.tcp_syn_timeout = 5 * TIME_SECOND,
		.tcp_session_timer = 6 * TIME_SECOND,
		.tcp_connection_linger = 5 * TIME_SECOND,
		.tcp_close_delay = 5 * TIME_SECOND,
		.dns_session_timeout = 10 * TIME_SECOND,
	};

	// Each span at its default, at the least that can be configured, or never where that is
	// allowed.
	for (int i = 0; i < CONN_TIMEOUT_COUNT; i++) {
		if (spans & 1)
			settings.inactivity[i] = i % 2 ? TIME_MILLISECOND : 0;
	}
	if (spans & 2)
		settings.tcp_attempt_delay = settings.tcp_syn_timeout = TIME_MILLISECOND;
	if (spans & 4)
		settings.tcp_session_timer = settings.dns_session_timeout = TIME_MILLISECOND;
	if (spans & 8)
		settings.tcp_connection_linger = settings.tcp_close_delay = TIME_MILLISECOND;
	settings.long_lived_tcp.bit[0] = 1 << 22;
	settings.likely_server_tcp.bit[0] = UINT64_C(1) << 22;
	settings.likely_server_udp.bit[0] = UINT64_C(1) << 53;
	settings.keep_link = settings.count_segments = bits & COLUMNS;
	if (bits & TUNNELS) {
		settings.tunnels = &tunnels;
		settings.carrier = carrier;
	}
	return settings;
}

static uint64_t step_of(uint8_t byte)
{
	return (uint64_t)(byte & 7) << (byte >> 3) << (byte >> 3 > 16 ? 8 : 4);
}

static const uint8_t protocols[4] = {PACKET_TCP, PACKET_TCP, PACKET_UDP, PACKET_ICMP};
static const uint16_t server_ports[4] = {80, 22, 53, 123};

static void fill_key(struct packet *packet, uint8_t who, const uint64_t *secret)
{
	unsigned from = who >> 2 & 1, number = who >> 3 & 7;
	uint16_t port = server_ports[who >> 6];

	// Host 1 is the client, host 2 the server; seven clients and a tuple of equal addresses.
	packet->key.address[0].byte[10] = packet->key.address[0].byte[11] = 0xff;
	packet->key.address[1] = packet->key.address[0];
	packet->key.address[0].byte[15] = 1;
	packet->key.address[1].byte[15] = number == 7 ? 1 : 2;
	packet->key.protocol = protocols[who & 3];
	packet->key.port[0] = number == 7 ? port : (uint16_t)(1000 + number);
	packet->key.port[1] = number == 7 ? 1000 : port;
	if (packet->key.protocol == PACKET_ICMP && number % 2) {
		packet->key.protocol = number % 4 == 1 ? PACKET_ICMPV6 : 132;
		packet->key.one_way = number == 5;
	}
	packet->sender = packet->key.one_way ? 0 : (uint8_t)from;
	packet->hash = packet_key_hash(&packet->key, secret);
	packet->verdict = PACKET_TRACK;
	packet->owner = 3;
}

static void set_be16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static const uint8_t kinds[8] = {PACKET_TUNNEL_VXLAN, PACKET_TUNNEL_GENEVE, PACKET_TUNNEL_GRE,
				 PACKET_TUNNEL_GTP,   PACKET_TUNNEL_AYIYA,  PACKET_TUNNEL_TEREDO,
				 PACKET_TUNNEL_VXLAN, PACKET_TUNNEL_NONE};

// Each server port belongs to a kind, or to none.
static void choose_tunnels(uint8_t spans)
{
	for (unsigned i = 0; i < 4; i++)
		tunnels.kind[server_ports[i]] = kinds[((spans >> 5) + i) & 7];
}

// The header of a tunnel of this kind; returns its length.
static uint32_t tunnel_header(uint8_t *at, enum packet_tunnel kind, bool v6)
{
	switch (kind) {
	case PACKET_TUNNEL_VXLAN:
		at[0] = 0x08;
		set_be16(at + 8 + 12, v6 ? 0x86dd : 0x0800);
		return 8 + 14;
	case PACKET_TUNNEL_GENEVE:
		set_be16(at + 2, v6 ? 0x86dd : 0x0800);
		return 8;
	case PACKET_TUNNEL_GRE:
		set_be16(at + 2, v6 ? 0x86dd : 0x0800);
		return 4;
	case PACKET_TUNNEL_GTP:
		at[0] = 0x30;
		at[1] = 255;
		return 8;
	case PACKET_TUNNEL_AYIYA:
		set_be16(at, 0x1052);
		set_be16(at + 2, v6 ? 0x1129 : 0x1104);
		return 8 + 2 + 5 * 4;
	default:
		return 0;
	}
}

// Fills `at` with `levels` tunnels inside each other, the kind of each by its port, with a datagram
// of the same hosts as outside in the last one; returns the length.
static uint32_t fill_inside(uint8_t *at, unsigned levels, unsigned choice, uint16_t port)
{
	enum packet_tunnel kind = tunnels.kind[port];
	bool v6 = kind == PACKET_TUNNEL_TEREDO || kind == PACKET_TUNNEL_NONE;
	uint16_t below = server_ports[choice & 3];
	uint32_t header = tunnel_header(at, kind, v6), ip = v6 ? 40 : 20, length;
	uint8_t *inner = at + header;

	length = levels > 1 ? fill_inside(inner + ip + 8, levels - 1, choice * 5 >> 1, below) : 5;
	length += 8;
	if (v6) {
		inner[0] = 0x60;
		set_be16(inner + 4, length);
		inner[6] = PACKET_UDP;
		set_be16(inner + 8, 0x2001);
		inner[23] = 1;
		inner[39] = 2;
	} else {
		inner[0] = 0x45;
		set_be16(inner + 2, length + ip);
		inner[9] = choice & 8 ? PACKET_UDP : protocols[choice & 3];
		inner[15] = 1;
		inner[19] = 2;
	}
	set_be16(inner + ip, 1000 + (choice & 7));
	set_be16(inner + ip + 2, below);
	set_be16(inner + ip + 4, length);
	return header + ip + length;
}

// A datagram that carries something. `wrong` is a place in it, or 0.
static void fill_carrier(struct packet *packet, uint8_t inside, uint8_t wrong, uint8_t *payload)
{
	uint32_t length;

	memset(payload, 0, 1024);
	length = fill_inside(payload, 1 + inside % CARRIED_MOST, inside / CARRIED_MOST,
			     packet->key.port[1]);
	CHECK(length <= 1024);
	if (wrong != 0)
		payload[wrong] ^= 0x11;
	packet->payload_captured = packet->payload_length = (uint16_t)length;
	packet->udp_length = (int32_t)length;
	packet->ip_length = length + 28;
	packet->cut = 0;
	packet->transport = PACKET_TRANSPORT_OK;
}

static void fill_tunnels(struct packet *packet, uint8_t bits)
{
	static const struct uid parents[4] = {{1, {2, 3}}, {1, {2, 4}}, {2, {2, 3}}, {1, {3, 3}}};

	if ((bits & 7) == 0)
		return;
	packet->stack = (bits & 7) * UINT64_C(0x8000000000000001);
	packet->parent = parents[bits >> 3 & 3];
	packet->depth = 1 + (bits >> 4 & 3);
	packet->innermost = bits & 8 ? PACKET_TUNNEL_GTP : PACKET_TUNNEL_IP;
}

static void fill_packet(struct packet *packet, struct input *input, struct stream *streams,
			const uint64_t *secret, uint64_t *now, uint8_t *payload)
{
	uint8_t bits, inside, byte;
	uint8_t who = take_8(input), flags = take_8(input), step = take_8(input);
	uint8_t what = take_8(input), scale, cut;
	int16_t sequence, acknowledgement;
	struct stream *stream = &streams[who >> 3];

	memset(packet, 0, sizeof(*packet));
	fill_key(packet, who, secret);
	if (step >> 3 == 31)
		packet->time = *now - step_of(step & 7) - (step & 7) * TIME_SECOND;
	else
		packet->time = *now += step_of(step);
	packet->tcp_flags = flags;
	sequence = (int16_t)take_16(input);
	acknowledgement = (int16_t)take_16(input);
	scale = take_8(input);
	packet->sequence = stream->next[packet->sender] +
			   ((uint32_t)(int32_t)sequence << (scale & 15));
	packet->acknowledgement = stream->next[!packet->sender] +
				  ((uint32_t)(int32_t)acknowledgement << (scale >> 4));
	packet->window = take_16(input);
	packet->payload_length = take_16(input);
	cut = take_8(input);
	byte = take_8(input);
	memset(payload, byte, 64);
	packet->payload_captured = cut == 0 ? packet->payload_length : cut % 64;
	if (packet->payload_captured > packet->payload_length)
		packet->payload_captured = packet->payload_length;
	packet->cut = packet->payload_captured < packet->payload_length;
	packet->payload = payload;
	packet->udp_length = (int32_t)packet->payload_length - (what & 0x80 ? 40 : 0);
	packet->ip_length = what & 0x40 ? 0 : packet->payload_length + 40;
	packet->transport = what & 0x10 ? what & 3 : PACKET_TRANSPORT_OK;
	if (packet->key.protocol != PACKET_TCP && packet->transport > PACKET_TRANSPORT_BAD_CHECKSUM)
		packet->transport = PACKET_TRANSPORT_BAD_CHECKSUM;
	if (what & 0x20)
		packet->owner = 2;
	bits = take_8(input);
	inside = take_8(input);
	fill_tunnels(packet, bits);
	if (bits & 0x40 && packet->key.protocol == PACKET_UDP)
		fill_carrier(packet, inside, bits & 0x80 ? byte : 0, payload);
	packet->may_carry = packet->key.protocol == PACKET_UDP &&
			    packet_tunnel_likely(&tunnels, packet);
	stream->next[packet->sender] = packet->sequence + packet->payload_length +
				       !!(flags & PACKET_TCP_SYN) + !!(flags & PACKET_TCP_FIN);
}

static void check_books(const struct conn_table *table)
{
	const struct conn_counters *counters = conn_table_counters(table);
	uint64_t removed = 0;

	for (int i = 0; i < CONN_REASON_COUNT; i++)
		removed += counters->removed[i];
	CHECK(counters->created ==
	      counters->finished + conn_table_waiting(table) + conn_table_live(table));
	CHECK(removed == counters->finished + conn_table_waiting(table));
	CHECK(counters->evicted == counters->removed[CONN_REASON_EVICTED]);
	CHECK(conn_table_live(table) <= MAXIMUM);
}

static void check_ranges(const struct conn_table *table, const struct conn_extension *extension,
			 unsigned side)
{
	uint64_t bytes = 0, before = 0;
	uint32_t count = 0;

	for (uint32_t at = extension->range[side]; at != CONN_NO_EXTENSION;
	     at = table->pool.range[at].next) {
		const struct conn_range *range = &table->pool.range[at];

		CHECK(range->from < range->to);
		CHECK(count == 0 || range->from > before);
		before = range->to;
		bytes += range->to - range->from;
		count++;
	}
	CHECK(bytes == extension->range_bytes[side]);
	CHECK(count == extension->range_count[side]);
	CHECK(count <= CONN_RANGES_MOST);
}

static void check_tunnels(const struct conn_extension *extension)
{
	CHECK(extension->tunnel_changes < CONN_PARENTS_MOST);
	CHECK(extension->parents <= extension->tunnel_changes + 1);
	for (unsigned i = 0; i < extension->parents; i++) {
		for (unsigned j = 0; j < i; j++)
			CHECK(memcmp(&extension->parent[i], &extension->parent[j],
				     sizeof(struct uid)) != 0);
	}
}

static void check_conn(const struct conn_table *table, const struct conn *conn)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	const struct conn_extension *extension = conn_extension_get(table, conn);

	CHECK(cold->history_length <= CONN_HISTORY_INLINE);
	CHECK(conn_timeout_class(conn) < CONN_TIMEOUT_COUNT);
	CHECK(!conn_flag(conn, CONN_HALF_OPEN) || !conn_flag(conn, CONN_CLOSING));
	// The wheel never asks later than a deadline of the record.
	CHECK(conn->wheel.due <= cold->due[0] && conn->wheel.due <= cold->due[1]);
	if (conn->key.protocol == PACKET_TCP) {
		CHECK(conn->end[0].state <= TCP_RESET);
		CHECK(conn->end[1].state <= TCP_RESET);
	}
	// With exact time nothing lives on beyond its deadline.
	if (table->settings.exact_time)
		CHECK(conn->wheel.due > table->clock || conn->last > table->clock ||
		      conn->wheel.due >= table->next_check);
	if (extension != NULL) {
		check_tunnels(extension);
		check_ranges(table, extension, 0);
		check_ranges(table, extension, 1);
	}
}

static void check_list(const struct conn_table *table, const struct conn_list *list,
		       enum conn_flag flag, uint32_t expected)
{
	uint32_t count = 0, before = CONN_SLOT_NONE;

	for (uint32_t slot = list->oldest; slot != CONN_SLOT_NONE; slot = table->link[slot].newer) {
		CHECK(table->link[slot].older == before);
		CHECK(conn_flag(&table->conn[slot], CONN_LIVE));
		CHECK(conn_flag(&table->conn[slot], flag));
		CHECK(++count <= expected);
		before = slot;
	}
	CHECK(list->newest == before);
	CHECK(count == expected);
}

static void check_table(const struct conn_table *table)
{
	uint32_t live = 0, half_open = 0, closing = 0;

	check_books(table);
	for (uint32_t slot = 0; slot < conn_slots_fresh(&table->free); slot++) {
		const struct conn *conn = &table->conn[slot];

		if (!conn_flag(conn, CONN_LIVE))
			continue;
		live++;
		half_open += conn_flag(conn, CONN_HALF_OPEN);
		closing += conn_flag(conn, CONN_CLOSING);
		check_conn(table, conn);
	}
	CHECK(live == conn_table_live(table));
	check_list(table, &table->half_open, CONN_HALF_OPEN, half_open);
	check_list(table, &table->closing, CONN_CLOSING, closing);
}

static void check_summary(const struct conn_table *table, const struct conn_summary *summary)
{
	uint8_t worker;
	uint32_t slot, generation;

	CHECK(summary->history_length <= CONN_HISTORY_SIZE);
	for (unsigned i = 0; i < summary->history_length; i++)
		CHECK(strchr("SHFRDACGIQTWX^",
			     summary->history[i] & (summary->history[i] == '^' ? 0xff : 0xdf)));
	CHECK(memchr(summary->history, 'x', summary->history_length) == NULL);
	CHECK(summary->parents <= CONN_PARENTS_MOST);
	CHECK(summary->state < CONN_STATE_COUNT);
	CHECK(summary->reason < CONN_REASON_COUNT);
	CHECK(summary->removed <= table->clock);
	// A damaged header may name a protocol that has no ports.
	if (summary->protocol == PACKET_TCP || summary->protocol == PACKET_UDP)
		CHECK(summary->port[0] != 0 && summary->port[1] != 0);
	CHECK(summary->packets[0] + summary->packets[1] <= PACKETS_MOST * CARRIED_MOST);
	for (int side = 0; side < 2; side++) {
		// Numbers that a stranger wrote into a header may be far off, but not more than a
		// few rounds.
		CHECK(summary->bytes[side] < UINT64_C(1) << 44);
		CHECK(summary->ip_bytes[side] <= PACKETS_MOST * CARRIED_MOST * UINT64_C(65575));
	}
	CHECK(summary->missed_bytes < UINT64_C(1) << 44);
	CHECK((uint64_t)summary->retransmitted[0] + summary->retransmitted[1] +
		      summary->out_of_order[0] + summary->out_of_order[1] <=
	      summary->packets[0] + summary->packets[1]);
	uid_open(&table->settings.uid_key, summary->uid, &worker, &slot, &generation);
	CHECK(worker == 3 && slot < conn_slots_fresh(&table->free) && generation > 0);
}

static void take_finished(struct conn_table *table, unsigned most)
{
	struct conn_summary summary;

	for (unsigned i = 0; i < most && conn_finished_take(table, &summary, 1) == 1; i++)
		check_summary(table, &summary);
}

// All extensions and ranges are free again.
static void check_pools(const struct conn_table *table)
{
	const struct conn_pool *pool = &table->pool;
	uint32_t count = 0;

	for (uint32_t at = pool->extension_free; at != CONN_NO_EXTENSION;
	     at = pool->extension[at].range[0])
		CHECK(++count <= pool->extension_fresh);
	CHECK(count == pool->extension_fresh);
	count = 0;
	for (uint32_t at = pool->range_free; at != CONN_NO_EXTENSION; at = pool->range[at].next)
		CHECK(++count <= pool->range_fresh);
	CHECK(count == pool->range_fresh);
}

static void work(struct conn_table *table, uint8_t bits, uint64_t now, bool slow_reader)
{
	if (bits & WORK_ADVANCE)
		conn_table_advance(table, now, SIZE_MAX);
	else if (bits & WORK_ADVANCE_FEW)
		conn_table_advance(table, now, 2);
	if (bits & WORK_GRACE)
		end_grace();
	if (bits & WORK_RECLAIM)
		conn_table_reclaim(table);
	if (bits & WORK_TAKE || !slow_reader)
		take_finished(table, slow_reader ? 3 : UINT32_MAX);
}

static void finish(struct conn_table *table)
{
	check_table(table);
	while (conn_table_live(table) > 0 || conn_table_waiting(table) > 0) {
		size_t removed = conn_table_drain(table, 7);
		uint32_t waiting = conn_table_waiting(table);

		check_books(table);
		end_grace();
		take_finished(table, UINT32_MAX);
		CHECK(removed > 0 || conn_table_waiting(table) < waiting);
	}
	check_books(table);
	CHECK(wheel_armed(table->wheel) == 0);
	check_pools(table);
}

// What opens the tunnels.
static struct {
	struct conn_table *table;
	struct packet_decoder decoder;
	unsigned level;
} opener;

static void carrier(void *context, const struct packet *packet, bool ours, enum packet_tunnel kind,
		    struct uid uid)
{
	struct packet inside;

	(void)context;
	CHECK(packet->may_carry && packet->verdict == PACKET_TRACK);
	CHECK(ours == (packet->owner == 3));
	CHECK(kind < PACKET_TUNNEL_COUNT && (ours || kind == PACKET_TUNNEL_NONE));
	if (kind == PACKET_TUNNEL_NONE)
		return;
	CHECK(packet->transport == PACKET_TRANSPORT_OK && packet->depth < tunnels.depth);
	packet_decapsulate(&opener.decoder, packet, kind, uid, &inside);
	CHECK(inside.verdict != PACKET_TRACK || inside.depth > packet->depth);
	inside.owner = inside.hash % 8 == 0 ? 2 : 3;
	CHECK(++opener.level <= tunnels.depth);
	conn_track(opener.table, &inside, 1, 3);
	opener.level--;
}

static void prepare_opener(struct conn_table *table, const struct conn_settings *settings)
{
	memset(&opener, 0, sizeof(opener));
	opener.table = table;
	opener.decoder.ignore_checksums = true;
	opener.decoder.tunnels = settings->tunnels;
	memcpy(opener.decoder.secret, settings->secret, sizeof(settings->secret));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint8_t bits = take_8(&input), spans = take_8(&input), payload[PAYLOAD] = {0};
	struct conn_settings settings = settings_of(bits, spans);
	struct stream streams[32] = {0};
	uint64_t now = UINT64_C(1700000000) * TIME_SECOND;
	struct conn_table *table;

	choose_tunnels(spans);
	limbo_count = 0;
	late_grace = bits & LATE_GRACE;
	table = conn_table_create(&settings, bits & RECLAIM ? note_limbo : NULL);
	CHECK(table != NULL);
	prepare_opener(table, &settings);
	// A program, too, tells the time before the first packet; otherwise timers go through every
	// day since 1970.
	conn_table_advance(table, now, 1);
	if (bits & SHORT_POOLS) {
		table->pool.extension_end = 2;
		table->pool.range_end = 5;
	}
	// Some streams begin shortly before their numbers wrap.
	for (int i = 0; i < 32; i++)
		streams[i].next[i % 2] = spans & 16 ? UINT32_MAX - 5000 : 1000;
	for (int i = 0; i < PACKETS_MOST && input.left >= RECORD; i++) {
		struct packet packet;

		fill_packet(&packet, &input, streams, settings.secret, &now, payload);
		conn_track(table, &packet, 1, 3);
		check_books(table);
		work(table, take_8(&input), now, bits & SLOW_READER);
		// Looks at every record that was ever in use: not each time once they are many.
		if (conn_slots_fresh(&table->free) <= 2 * MAXIMUM || i % 16 == 0)
			check_table(table);
	}
	finish(table);
	conn_table_destroy(table);
	return 0;
}
