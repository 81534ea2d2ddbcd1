/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/time.h"
#include "log/log_conn_internal.h"
#include "packet/packet.h"

// The columns of conn.log that [log] columns switches on. The first five are those of Zeek's policy
// scripts (community-id, vlan-logging, mac-logging).

LOG_COLUMN(community_id)
{
	char id[LOG_COMMUNITY_SIZE];
	SUMMARY;
	size_t length = log_community_id(summary, options->community_seed, id);

	if (length > 0)
		log_text_string(text, id, length);
}

static void write_tag(struct log_text *text, uint16_t tag)
{
	if (tag != PACKET_NO_VLAN)
		log_text_count(text, tag);
}

LOG_COLUMN(vlan)
{
	SUMMARY;

	write_tag(text, summary->vlan[0]);
}

LOG_COLUMN(inner_vlan)
{
	SUMMARY;

	write_tag(text, summary->vlan[1]);
}

static void write_link(struct log_text *text, const struct conn_summary *summary, unsigned side)
{
	const uint8_t *mac = summary->mac[side];
	static const char digit[] = "0123456789abcdef";
	static const uint8_t unknown[6];
	char words[3 * 6];

	if (!summary->linked || memcmp(mac, unknown, sizeof(unknown)) == 0)
		return;
	for (int i = 0; i < 6; i++) {
		words[3 * i] = digit[mac[i] >> 4];
		words[3 * i + 1] = digit[mac[i] & 0xf];
		words[3 * i + 2] = ':';
	}
	log_text_string(text, words, sizeof(words) - 1);
}

LOG_COLUMN(orig_link)
{
	SUMMARY;

	write_link(text, summary, CONN_ORIG);
}

LOG_COLUMN(resp_link)
{
	SUMMARY;

	write_link(text, summary, CONN_RESP);
}

static void write_round_trip(struct log_text *text, uint32_t microseconds)
{
	if (microseconds != 0)
		log_text_interval(text, (int64_t)(microseconds * TIME_MICROSECOND));
}

LOG_COLUMN(orig_rtt)
{
	SUMMARY;

	write_round_trip(text, summary->round_trip[CONN_ORIG]);
}

LOG_COLUMN(resp_rtt)
{
	SUMMARY;

	write_round_trip(text, summary->round_trip[CONN_RESP]);
}

static void write_segments(struct log_text *text, const struct conn_summary *summary,
			   const uint32_t count[2], unsigned side)
{
	if (summary->protocol == PACKET_TCP)
		log_text_count(text, count[side]);
}

#define SEGMENTS(member)                                                                           \
	LOG_COLUMN(orig_##member)                                                                  \
	{                                                                                          \
		SUMMARY;                                                                           \
                                                                                                   \
		write_segments(text, summary, summary->member, CONN_ORIG);                         \
	}                                                                                          \
	LOG_COLUMN(resp_##member)                                                                  \
	{                                                                                          \
		SUMMARY;                                                                           \
                                                                                                   \
		write_segments(text, summary, summary->member, CONN_RESP);                         \
	}

SEGMENTS(retransmitted)
SEGMENTS(out_of_order)
SEGMENTS(zero_windows)

LOG_COLUMN(reason)
{
	SUMMARY;

	// Of a connection that lives there is none, see conn_watch_summarize().
	if (summary->reason != CONN_REASON_COUNT)
		log_text_word(text, conn_reason_name(summary->reason));
}

// A set of what stands between commas.
static void write_set(struct log_text *text, const char *words, size_t length)
{
	const char *end = words + length, *comma;

	if (text->format == LOG_FORMAT_JSON)
		*text->at++ = '[';
	while ((comma = memchr(words, ',', (size_t)(end - words))) && text->at < text->limit) {
		log_text_string(text, words, (size_t)(comma - words));
		*text->at++ = ',';
		words = comma + 1;
	}
	log_text_string(text, words, (size_t)(end - words));
	if (text->format == LOG_FORMAT_JSON)
		*text->at++ = ']';
}

LOG_COLUMN(notes)
{
	const struct log_conn_noted *noted = record;
	size_t length;

	if (!noted->conn.noted)
		return;
	length = noted->note.length;
	if (length > sizeof(noted->note.text))
		length = sizeof(noted->note.text);
	write_set(text, noted->note.text, length);
}

static const struct log_column columns[LOG_CONN_OPTIONAL_COUNT] = {
	[LOG_CONN_COMMUNITY_ID] = {"community_id", "string", write_community_id},
	[LOG_CONN_VLAN] = {"vlan", "int", write_vlan},
	[LOG_CONN_INNER_VLAN] = {"inner_vlan", "int", write_inner_vlan},
	[LOG_CONN_ORIG_L2_ADDR] = {"orig_l2_addr", "string", write_orig_link},
	[LOG_CONN_RESP_L2_ADDR] = {"resp_l2_addr", "string", write_resp_link},
	[LOG_CONN_ORIG_RTT] = {"orig_rtt", "interval", write_orig_rtt},
	[LOG_CONN_RESP_RTT] = {"resp_rtt", "interval", write_resp_rtt},
	[LOG_CONN_ORIG_RETRANSMITTED] = {"orig_retransmitted", "count", write_orig_retransmitted},
	[LOG_CONN_RESP_RETRANSMITTED] = {"resp_retransmitted", "count", write_resp_retransmitted},
	[LOG_CONN_ORIG_OUT_OF_ORDER] = {"orig_out_of_order", "count", write_orig_out_of_order},
	[LOG_CONN_RESP_OUT_OF_ORDER] = {"resp_out_of_order", "count", write_resp_out_of_order},
	[LOG_CONN_ORIG_ZERO_WINDOWS] = {"orig_zero_windows", "count", write_orig_zero_windows},
	[LOG_CONN_RESP_ZERO_WINDOWS] = {"resp_zero_windows", "count", write_resp_zero_windows},
	[LOG_CONN_REASON] = {"reason", "string", write_reason},
	[LOG_CONN_NOTES] = {"notes", "set[string]", write_notes},
};

const char *log_conn_column_name(enum log_conn_column column)
{
	return columns[column].name;
}

int log_conn_layout_optional(struct log_layout *layout, uint32_t optional)
{
	for (int i = 0; i < LOG_CONN_OPTIONAL_COUNT; i++) {
		int result = optional >> i & 1 ? log_layout_add(layout, &columns[i], 1) : 0;

		if (result < 0)
			return result;
	}
	return 0;
}
