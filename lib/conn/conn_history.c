/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

void conn_history_add(struct conn_table *table, struct conn *conn, unsigned side, char letter)
{
	struct conn_cold *cold = conn_cold(table, conn);
	struct conn_extension *extension;

	if (side == CONN_RESP && letter != '^')
		letter |= 0x20;
	if (cold->history_length < CONN_HISTORY_INLINE) {
		cold->history[cold->history_length++] = letter;
		return;
	}
	extension = conn_extension_need(table, conn);
	if (extension != NULL && extension->history_length < sizeof(extension->history))
		extension->history[extension->history_length++] = letter;
}

bool conn_history_once(struct conn_table *table, struct conn *conn, unsigned side,
		       enum conn_letter mask, char letter)
{
	if (conn->end[side].letters & mask)
		return false;
	conn->end[side].letters |= (uint8_t)mask;
	conn_history_add(table, conn, side, letter);
	return true;
}

bool conn_history_scale(uint64_t count)
{
	while (count >= 10 && count % 10 == 0)
		count /= 10;
	return count == 1;
}

// One more of `kind`, in the rare part; returns the count as far as that knows it.
static uint64_t count_up(struct conn_table *table, struct conn *conn, unsigned side,
			 enum conn_scaled kind)
{
	struct conn_rare *rare = conn_rare(table, conn);
	struct conn_extension *extension;

	if (++rare->scaled[kind][side] == 0) {
		extension = conn_extension_need(table, conn);
		if (extension != NULL)
			extension->scaled_high[kind][side]++;
	}
	extension = conn_extension_get(table, conn);
	if (extension == NULL)
		return rare->scaled[kind][side];
	return (uint64_t)extension->scaled_high[kind][side] << 16 | rare->scaled[kind][side];
}

void conn_history_scaled(struct conn_table *table, struct conn *conn, unsigned side,
			 enum conn_scaled kind, char letter)
{
	if (conn_history_scale(count_up(table, conn, side, kind)))
		conn_history_add(table, conn, side, letter);
}

// Can a count whose lower byte is `low` be a power of ten? 1000 is 0x3e8, 10000 is 0x2710, and so
// on.
static bool may_scale(uint8_t low)
{
	switch (low) {
	case 1:
	case 10:
	case 100:
	case 1000 & 0xff:
	case 10000 & 0xff:
	case 100000 & 0xff:
	case 1000000 & 0xff:
	case 10000000 & 0xff:
	case 0:
		return true;
	default:
		return false;
	}
}

void conn_history_retransmission(struct conn_table *table, struct conn *conn, unsigned side)
{
	const struct conn_extension *extension;
	uint64_t count = ++conn->end[side].retransmitted;

	// Retransmissions come in their thousands; nearly all stay within the lines that a packet
	// touches anyway.
	if (__builtin_expect(!may_scale((uint8_t)count), 1))
		return;
	if (count == 0)
		count_up(table, conn, side, CONN_RETRANSMISSION);
	extension = conn_extension_get(table, conn);
	count |= (uint64_t)conn_rare_look(table, conn)->scaled[CONN_RETRANSMISSION][side] << 8;
	if (extension != NULL)
		count |= (uint64_t)extension->scaled_high[CONN_RETRANSMISSION][side] << 24;
	if (conn_history_scale(count))
		conn_history_add(table, conn, side, 'T');
}

uint8_t conn_history_copy(const struct conn_table *table, const struct conn *conn, char *text)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	const struct conn_extension *extension = conn_extension_get(table, conn);
	uint8_t length = cold->history_length;

	memcpy(text, cold->history, length);
	if (extension != NULL) {
		memcpy(text + length, extension->history, extension->history_length);
		length = (uint8_t)(length + extension->history_length);
	}
	return length;
}

bool conn_history_is(const struct conn_table *table, const struct conn *conn, char letter)
{
	const struct conn_cold *cold = conn_cold(table, conn);

	return cold->history_length == 1 && cold->history[0] == letter;
}

void conn_history_replace(struct conn_table *table, struct conn *conn, const char *letters)
{
	struct conn_cold *cold = conn_cold(table, conn);

	cold->history_length = strlen(letters) & 0x3f;
	memcpy(cold->history, letters, cold->history_length);
}

uint64_t conn_history_count(const struct conn_table *table, const struct conn *conn, unsigned side,
			    enum conn_scaled kind)
{
	const struct conn_extension *extension = conn_extension_get(table, conn);
	uint64_t count = conn_rare_look(table, conn)->scaled[kind][side];

	if (extension != NULL)
		count |= (uint64_t)extension->scaled_high[kind][side] << 16;
	// The lowest byte of these is in the hot part.
	return kind == CONN_RETRANSMISSION ? count << 8 | conn->end[side].retransmitted : count;
}
