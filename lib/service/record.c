/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "conn/conn_summary.h"
#include "log/log_text.h"
#include "packet/packet.h"

// Names are those of conn.log where there is such a column.
#define KEY(name)  log_text_raw(&out, ",\"" name "\":", sizeof(",\"" name "\":") - 1)
#define WORD(word) log_text_word(&out, word)

static_assert(24 * (20 + LOG_VALUE_SIZE) + CONN_HISTORY_SIZE + LOG_UIDS_SIZE < RECORD_TEXT_SIZE,
	      "a record's text has room for every member");

uint64_t record_last(const struct conn_summary *summary)
{
	return summary->duration > 0 ? summary->time + (uint64_t)summary->duration : summary->time;
}

size_t record_format(const struct conn_summary *summary, uint64_t now, char *text)
{
	struct log_text out = {text, text + RECORD_TEXT_SIZE, LOG_FORMAT_JSON};
	uint64_t last = record_last(summary);

	log_text_raw(&out, "{\"uid\":", 7);
	log_text_uid(&out, summary->uid);
	KEY("ts"), log_text_time(&out, summary->time);
	KEY("id.orig_h"), log_text_address(&out, &summary->address[CONN_ORIG]);
	KEY("id.orig_p"), log_text_port(&out, summary->port[CONN_ORIG]);
	KEY("id.resp_h"), log_text_address(&out, &summary->address[CONN_RESP]);
	KEY("id.resp_p"), log_text_port(&out, summary->port[CONN_RESP]);
	KEY("proto"), WORD(conn_transport_name(summary->protocol));
	KEY("ip_proto"), log_text_few(&out, summary->protocol);
	KEY("duration"), log_text_interval(&out, (int64_t)(last - summary->time));
	KEY("idle"), log_text_interval(&out, now > last ? (int64_t)(now - last) : 0);
	KEY("orig_bytes"), log_text_count(&out, summary->bytes[CONN_ORIG]);
	KEY("resp_bytes"), log_text_count(&out, summary->bytes[CONN_RESP]);
	KEY("orig_pkts"), log_text_count(&out, summary->packets[CONN_ORIG]);
	KEY("resp_pkts"), log_text_count(&out, summary->packets[CONN_RESP]);
	KEY("orig_ip_bytes"), log_text_count(&out, summary->ip_bytes[CONN_ORIG]);
	KEY("resp_ip_bytes"), log_text_count(&out, summary->ip_bytes[CONN_RESP]);
	KEY("missed_bytes"), log_text_count(&out, summary->missed_bytes);
	KEY("conn_state"), WORD(conn_state_name(summary->state));
	KEY("history"), log_text_quote(&out);
	log_text_raw(&out, summary->history, summary->history_length);
	log_text_quote(&out);
	if (summary->vlan[0] != PACKET_NO_VLAN)
		KEY("vlan"), log_text_few(&out, summary->vlan[0]);
	if (summary->vlan[1] != PACKET_NO_VLAN)
		KEY("inner_vlan"), log_text_few(&out, summary->vlan[1]);
	if (summary->parents > 0)
		KEY("tunnel_parents"), log_text_uids(&out, summary->parent, summary->parents);
	*out.at++ = '}';
	return (size_t)(out.at - text);
}
