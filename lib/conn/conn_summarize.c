/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

#include "conn/datagram.h"
#include "conn/tcp_stream.h"

// Row 5 of spec-conn 3.7: a SYN, nothing that speaks of a conversation, then the originator's RST.
static bool is_syn_then_reset(const struct conn_table *table, const struct conn *conn)
{
	char history[CONN_HISTORY_SIZE + 1];
	const char *at = history;

	history[conn_history_copy(table, conn, history)] = '\0';
	if (*at == '^')
		at++;
	if (*at != 'S')
		return false;
	at++;
	at += strcspn(at, "HAFGIQR");
	return *at == 'R';
}

// Refused without a word of either side.
static bool is_empty(const struct conn_table *table, const struct conn *conn)
{
	return tcp_stream_size(table, conn, CONN_ORIG) == 0 &&
	       tcp_stream_size(table, conn, CONN_RESP) == 0;
}

// Two cells of the table below need more than the states.
#define RSTOS0_OR_OTH CONN_STATE_COUNT
#define REJ_OR_RSTR   (CONN_STATE_COUNT + 1)

// clang-format off
#define ROW(inactive, syn_sent, syn_ack_sent, partial, established, closed, reset)                 \
	{CONN_STATE_##inactive, CONN_STATE_##syn_sent, CONN_STATE_##syn_ack_sent,                  \
	 CONN_STATE_##partial, CONN_STATE_##established, CONN_STATE_##closed, CONN_STATE_##reset}

// spec-conn 3.7, all rows at once: the originator's state gives the row, the responder's the
// column.
static const uint8_t tcp_state_table[8][8] = {
	[TCP_INACTIVE] =     ROW(OTH, OTH,  OTH,  OTH, OTH,  SHR,  RSTRH),
	[TCP_SYN_SENT] =     ROW(S0,  OTH,  OTH,  OTH, OTH,  S3,   REJ),
	[TCP_SYN_ACK_SENT] = ROW(OTH, OTH,  OTH,  OTH, OTH,  S3,   REJ),
	[TCP_PARTIAL] =      ROW(OTH, OTH,  OTH,  OTH, OTH,  SHR,  RSTRH),
	[TCP_ESTABLISHED] =  ROW(OTH, OTH,  OTH,  OTH, S1,   S3,   RSTR),
	[TCP_CLOSED] =       ROW(SH,  S2,   S2,   SH,  S2,   SF,   RSTR),
	[TCP_RESET] = {RSTOS0_OR_OTH, CONN_STATE_RSTO, CONN_STATE_RSTO, RSTOS0_OR_OTH,
		       CONN_STATE_RSTO, CONN_STATE_RSTO, REJ_OR_RSTR},
};
// clang-format on

static enum conn_state tcp_conn_state(const struct conn_table *table, const struct conn *conn)
{
	uint8_t state = tcp_state_table[conn->end[CONN_ORIG].state][conn->end[CONN_RESP].state];

	if (__builtin_expect(state < CONN_STATE_COUNT, 1))
		return state;
	if (state == RSTOS0_OR_OTH)
		return is_syn_then_reset(table, conn) ? CONN_STATE_RSTOS0 : CONN_STATE_OTH;
	return is_empty(table, conn) ? CONN_STATE_REJ : CONN_STATE_RSTR;
}

// spec-conn 3.8
static enum conn_state udp_conn_state(const struct conn *conn)
{
	bool orig = datagram_payload(&conn->end[CONN_ORIG]) >= 0;
	bool resp = datagram_payload(&conn->end[CONN_RESP]) >= 0;

	if (orig)
		return resp ? CONN_STATE_SF : CONN_STATE_S0;
	return resp ? CONN_STATE_SHR : CONN_STATE_OTH;
}

enum conn_state conn_state_of(const struct conn_table *table, const struct conn *conn)
{
	if (conn->key.protocol == PACKET_TCP)
		return tcp_conn_state(table, conn);
	return conn->key.protocol == PACKET_UDP ? udp_conn_state(conn) : CONN_STATE_OTH;
}

static uint64_t payload(const struct conn_table *table, const struct conn *conn, unsigned side)
{
	int64_t bytes;

	if (conn->key.protocol == PACKET_TCP)
		return tcp_stream_size(table, conn, side);
	bytes = datagram_payload(&conn->end[side]);
	return bytes > 0 ? (uint64_t)bytes : 0;
}

static uint32_t saturate(uint64_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static uint32_t retransmitted(const struct conn_table *table, const struct conn *conn,
			      const struct conn_extension *extension, unsigned side)
{
	uint64_t again = conn_history_count(table, conn, side, CONN_RETRANSMISSION);
	uint64_t other = (uint64_t)extension->out_of_order[side] + extension->excused[side];

	return saturate(again > other ? again - other : 0);
}

// What only an extension knows.
static __attribute__((noinline)) void summarize_extension(const struct conn_table *table,
							  const struct conn *conn,
							  struct conn_summary *summary)
{
	const struct conn_extension *extension = conn_extension_get(table, conn);

	summary->missed_bytes = extension->missed;
	summary->history_length = conn_history_copy(table, conn, summary->history);
	summary->linked = true;
	memcpy(summary->mac, extension->mac, sizeof(summary->mac));
	memcpy(summary->vlan, extension->vlan, sizeof(summary->vlan));
	for (unsigned side = 0; side < 2; side++) {
		if (!conn_cold(table, conn)->watched)
			summary->ip_bytes[side] |= (uint64_t)extension->ip_bytes_top[side] << 48;
		if (conn->key.protocol != PACKET_TCP)
			continue;
		summary->retransmitted[side] = retransmitted(table, conn, extension, side);
		summary->out_of_order[side] = extension->out_of_order[side];
		summary->zero_windows[side] = saturate(
			conn_history_count(table, conn, side, CONN_ZERO_WINDOW));
	}
	summary->parents = extension->parents;
	memcpy(summary->parent, extension->parent, extension->parents * sizeof(struct uid));
}

static void summarize_side(const struct conn_table *table, const struct conn *conn,
			   struct conn_summary *summary, unsigned side)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	const struct conn_rare *rare = conn_rare_look(table, conn);
	const struct conn_watch *watch = conn_watch_get(table, conn);
	unsigned end = (conn->key.flags & CONN_ORIG_END) ^ side;

	summary->bytes[side] = payload(table, conn, side);
	summary->packets[side] = (uint64_t)rare->packets_high[side] << 32 | conn->packets[side];
	summary->ip_bytes[side] = (uint64_t)rare->ip_bytes_high[side] << 32 | conn->ip_bytes[side];
	if (__builtin_expect(watch != NULL, 0)) {
		summary->packets[side] = watch->packets[side] + conn->packets[side];
		summary->ip_bytes[side] = watch->ip_bytes[side] + conn->ip_bytes[side];
	}
	summary->address[side] = conn->key.address[end];
	summary->port[side] = conn->key.port[end];
	// All of these are 0 without TCP.
	summary->round_trip[side] = cold->round_trip[side];
	summary->retransmitted[side] = (uint32_t)rare->scaled[CONN_RETRANSMISSION][side] << 8 |
				       conn->end[side].retransmitted;
	summary->out_of_order[side] = 0;
	summary->zero_windows[side] = rare->scaled[CONN_ZERO_WINDOW][side];
}

void conn_summarize(const struct conn_table *table, const struct conn *conn,
		    struct conn_summary *summary)
{
	const struct conn_cold *cold = conn_cold(table, conn);

	summary->time = cold->first;
	summary->duration = (int64_t)(conn->last - cold->first);
	summary->removed = cold->due[0];
	summary->missed_bytes = 0;
	for (unsigned side = 0; side < 2; side++)
		summarize_side(table, conn, summary, side);
	summary->uid = conn_uid(table, conn);
	summary->protocol = conn->key.protocol;
	summary->state = (uint8_t)conn_state_of(table, conn);
	summary->reason = (uint8_t)cold->due[1];
	summary->history_length = cold->history_length;
	summary->parents = 0;
	summary->one_way = conn->key.one_way;
	summary->vlan[0] = summary->vlan[1] = PACKET_NO_VLAN;
	summary->linked = summary->noted = false;
	// All of them: how many there are would cost more than the copy.
	memcpy(summary->history, cold->history, sizeof(cold->history));
	if (__builtin_expect(conn_flag(conn, CONN_EXTENDED), 0))
		summarize_extension(table, conn, summary);
}
