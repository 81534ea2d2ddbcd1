/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_event.h"

#include <netinet/in.h>

const char *conn_state_name(enum conn_state state)
{
	static const char *const name[CONN_STATE_COUNT] = {
		[CONN_STATE_S0] = "S0",         [CONN_STATE_S1] = "S1",
		[CONN_STATE_S2] = "S2",         [CONN_STATE_S3] = "S3",
		[CONN_STATE_SF] = "SF",         [CONN_STATE_REJ] = "REJ",
		[CONN_STATE_RSTO] = "RSTO",     [CONN_STATE_RSTR] = "RSTR",
		[CONN_STATE_RSTOS0] = "RSTOS0", [CONN_STATE_RSTRH] = "RSTRH",
		[CONN_STATE_SH] = "SH",         [CONN_STATE_SHR] = "SHR",
		[CONN_STATE_OTH] = "OTH",
	};

	return name[state < CONN_STATE_COUNT ? state : CONN_STATE_OTH];
}

const char *conn_transport_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	default:
		return "unknown_transport";
	}
}

const char *conn_event_name(enum conn_event_kind kind)
{
	static const char *const name[CONN_EVENT_COUNT] = {
		[CONN_EVENT_NEW] = "new_connection",
		[CONN_EVENT_ATTEMPT] = "connection_attempt",
		[CONN_EVENT_ESTABLISHED] = "connection_established",
		[CONN_EVENT_PARTIAL] = "partial_connection",
		[CONN_EVENT_FIRST_ACK] = "connection_first_ACK",
		[CONN_EVENT_REJECTED] = "connection_rejected",
		[CONN_EVENT_RESET] = "connection_reset",
		[CONN_EVENT_HALF_FINISHED] = "connection_half_finished",
		[CONN_EVENT_FINISHED] = "connection_finished",
		[CONN_EVENT_PARTIAL_CLOSE] = "connection_partial_close",
		[CONN_EVENT_PENDING] = "connection_pending",
		[CONN_EVENT_TIMEOUT] = "connection_timeout",
		[CONN_EVENT_STATUS_UPDATE] = "connection_status_update",
		[CONN_EVENT_FLIPPED] = "connection_flipped",
		[CONN_EVENT_EOF] = "connection_EOF",
		[CONN_EVENT_REUSED] = "connection_reused",
		[CONN_EVENT_STATE_REMOVE] = "connection_state_remove",
		[CONN_EVENT_SYN_PACKET] = "connection_SYN_packet",
		[CONN_EVENT_CONTENT_GAP] = "content_gap",
		[CONN_EVENT_TUNNEL_CHANGED] = "tunnel_changed",
		[CONN_EVENT_BYTES_THRESHOLD] = "conn_bytes_threshold_crossed",
		[CONN_EVENT_PACKETS_THRESHOLD] = "conn_packets_threshold_crossed",
		[CONN_EVENT_DURATION_THRESHOLD] = "conn_duration_threshold_crossed",
		[CONN_EVENT_GENERIC_THRESHOLD] = "conn_generic_packet_threshold_crossed",
		[CONN_EVENT_POLL] = "conn_poll_matched",
	};

	return kind < CONN_EVENT_COUNT ? name[kind] : "?";
}

const char *conn_reason_name(enum conn_reason reason)
{
	static const char *const name[CONN_REASON_COUNT] = {
		[CONN_REASON_INACTIVE] = "inactivity",
		[CONN_REASON_ATTEMPT] = "attempt",
		[CONN_REASON_EXPIRED] = "expired",
		[CONN_REASON_CLOSED] = "closed",
		[CONN_REASON_RESET] = "reset",
		[CONN_REASON_PARTIAL_CLOSE] = "partial_close",
		[CONN_REASON_SESSION] = "session",
		[CONN_REASON_REUSED] = "reused",
		[CONN_REASON_EVICTED] = "evicted",
		[CONN_REASON_END] = "end",
	};

	return reason < CONN_REASON_COUNT ? name[reason] : "?";
}
