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

// The table of spec-conn 3.7, row by row: the first that matches wins.
static enum conn_state tcp_conn_state(const struct conn_table *table, const struct conn *conn)
{
	uint8_t orig = conn->end[CONN_ORIG].state, resp = conn->end[CONN_RESP].state;
	bool orig_in = orig == TCP_INACTIVE || orig == TCP_PARTIAL;
	bool resp_in = resp == TCP_INACTIVE || resp == TCP_PARTIAL;

	if (resp == TCP_RESET) {
		if (orig == TCP_SYN_SENT || orig == TCP_SYN_ACK_SENT)
			return CONN_STATE_REJ;
		if (orig == TCP_RESET && tcp_stream_size(table, conn, CONN_ORIG) == 0 &&
		    tcp_stream_size(table, conn, CONN_RESP) == 0)
			return CONN_STATE_REJ;
		return orig_in ? CONN_STATE_RSTRH : CONN_STATE_RSTR;
	}
	if (orig == TCP_RESET) {
		if (resp_in)
			return is_syn_then_reset(table, conn) ? CONN_STATE_RSTOS0 : CONN_STATE_OTH;
		return CONN_STATE_RSTO;
	}
	if (orig == TCP_CLOSED) {
		if (resp == TCP_CLOSED)
			return CONN_STATE_SF;
		return resp_in ? CONN_STATE_SH : CONN_STATE_S2;
	}
	if (resp == TCP_CLOSED)
		return orig_in ? CONN_STATE_SHR : CONN_STATE_S3;
	if (resp == TCP_INACTIVE && orig == TCP_SYN_SENT)
		return CONN_STATE_S0;
	if (resp == TCP_ESTABLISHED && orig == TCP_ESTABLISHED)
		return CONN_STATE_S1;
	return CONN_STATE_OTH;
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

static void summarize_segments(const struct conn_table *table, const struct conn *conn,
			       struct conn_summary *summary)
{
	const struct conn_extension *extension = conn_extension_get(table, conn);

	for (unsigned side = 0; side < 2; side++) {
		uint64_t again = conn_history_count(table, conn, side, CONN_RETRANSMISSION);
		uint64_t other = 0;

		if (extension != NULL) {
			other = (uint64_t)extension->out_of_order[side] + extension->excused[side];
			summary->out_of_order[side] = extension->out_of_order[side];
		}
		summary->retransmitted[side] = saturate(again > other ? again - other : 0);
		summary->zero_windows[side] = saturate(
			conn_history_count(table, conn, side, CONN_ZERO_WINDOW));
		summary->round_trip[side] = conn_cold(table, conn)->round_trip[side];
	}
}

void conn_summarize(const struct conn_table *table, const struct conn *conn,
		    struct conn_summary *summary)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	const struct conn_extension *extension = conn_extension_get(table, conn);
	unsigned orig_end = conn->key.flags & CONN_ORIG_END;

	memset(&summary->parents, 0, sizeof(*summary) - offsetof(struct conn_summary, parents));
	summary->time = cold->first;
	summary->duration = (int64_t)(conn->last - cold->first);
	summary->removed = cold->due[0];
	summary->reason = (uint8_t)cold->due[1];
	summary->missed_bytes = extension != NULL ? extension->missed : 0;
	summary->protocol = conn->key.protocol;
	for (unsigned side = 0; side < 2; side++) {
		summary->bytes[side] = payload(table, conn, side);
		summary->packets[side] = (uint64_t)cold->packets_high[side] << 32 |
					 conn->packets[side];
		summary->ip_bytes[side] = (uint64_t)cold->ip_bytes_high[side] << 32 |
					  conn->ip_bytes[side];
		summary->address[side] = conn->key.address[orig_end ^ side];
		summary->port[side] = conn->key.port[orig_end ^ side];
	}
	summary->state = (uint8_t)conn_state_of(table, conn);
	summary->history_length = conn_history_copy(table, conn, summary->history);
	summary->uid = conn_uid(table, conn);
	summary->one_way = conn->key.one_way;
	summary->vlan[0] = summary->vlan[1] = PACKET_NO_VLAN;
	if (conn->key.protocol == PACKET_TCP)
		summarize_segments(table, conn, summary);
	if (extension != NULL) {
		memcpy(summary->mac, extension->mac, sizeof(summary->mac));
		memcpy(summary->vlan, extension->vlan, sizeof(summary->vlan));
		for (unsigned side = 0; side < 2; side++)
			summary->ip_bytes[side] |= (uint64_t)extension->ip_bytes_top[side] << 48;
		summary->parents = extension->parents;
		memcpy(summary->parent, extension->parent, sizeof(summary->parent));
	}
}
