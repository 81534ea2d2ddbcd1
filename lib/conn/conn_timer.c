/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_internal.h"

// What the two deadlines of a record stand for (spec-conn 5.2):
//
//              due[0]                                  due[1]
//   TCP        expire check, re-armed every 6 s;       attempt: cuts an unanswered SYN; later, when
//              after the close the close delay          one side closed, a second chain of expire checks
//   UDP        DNS session check, re-armed every 10 s  -
//
// The attempt timer and the second chain can share a field: the chain begins when one side closed
// and the other is not inactive, and from then on the attempt timer would do nothing. Inactivity
// has no field: it is `last` plus the time that applies. The wheel has one entry for the earliest
// of them; a packet only writes `last`, and an entry that comes up too early is armed again.

static uint64_t inactivity_due(const struct conn_table *table, const struct conn *conn)
{
	uint64_t span = table->settings.inactivity[conn_timeout_class(conn)];

	return span != 0 ? conn->last + span : TIME_NEVER;
}

static uint64_t earliest(const struct conn_table *table, const struct conn *conn)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	uint64_t due = inactivity_due(table, conn);

	if (cold->due[0] < due)
		due = cold->due[0];
	return cold->due[1] < due ? cold->due[1] : due;
}

static void arm(struct conn_table *table, struct conn *conn)
{
	wheel_arm(table->wheel, conn_slot(table, conn), earliest(table, conn));
	table->next_check = wheel_next_check(table->wheel);
}

void conn_timer_set(struct conn_table *table, struct conn *conn, unsigned which, uint64_t due)
{
	conn_cold(table, conn)->due[which] = due;
	// Too early an entry costs a look when it comes up, too late a one would be wrong.
	if (due < conn->wheel.due)
		arm(table, conn);
}

static bool has_dns_timer(const struct conn *conn)
{
	if (conn->key.protocol != PACKET_UDP)
		return false;
	switch (conn_port(conn, CONN_RESP)) {
	case 53:
	case 137:
	case 5353:
	case 5355:
		return true;
	default:
		return false;
	}
}

void conn_timers_start(struct conn_table *table, struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);

	if (conn->key.protocol == PACKET_TCP)
		cold->due[0] = table->clock + table->settings.tcp_syn_timeout;
	else if (has_dns_timer(conn))
		cold->due[0] = table->clock + table->settings.dns_session_timeout;
	arm(table, conn);
}

static bool is_inactive(const struct conn_endpoint *end)
{
	return end->state == TCP_INACTIVE;
}

// The condition of the expire check: nothing more is to be expected of this connection.
static bool is_over(const struct conn *conn)
{
	const struct conn_endpoint *orig = &conn->end[CONN_ORIG], *resp = &conn->end[CONN_RESP];

	if (is_inactive(orig) && is_inactive(resp))
		return true;
	if (!orig->closed && !resp->closed)
		return false;
	return (orig->closed && resp->closed) || orig->state == TCP_RESET ||
	       resp->state == TCP_RESET || is_inactive(orig) || is_inactive(resp);
}

static bool run_attempt(struct conn_table *table, struct conn *conn)
{
	uint8_t state = conn->end[CONN_ORIG].state;

	if ((state != TCP_SYN_SENT && state != TCP_SYN_ACK_SENT) ||
	    !is_inactive(&conn->end[CONN_RESP]))
		return true;
	conn_remove(table, conn, CONN_REASON_ATTEMPT);
	return false;
}

static bool run_expire_check(struct conn_table *table, struct conn *conn, unsigned which)
{
	const struct conn_settings *settings = &table->settings;

	if (conn->last + settings->tcp_connection_linger < table->clock && is_over(conn)) {
		conn_remove(table, conn, CONN_REASON_EXPIRED);
		return false;
	}
	conn_cold(table, conn)->due[which] = table->clock + settings->tcp_session_timer;
	return true;
}

static bool run_tcp(struct conn_table *table, struct conn *conn, unsigned which)
{
	struct conn_cold *cold = conn_cold(table, conn);

	cold->due[which] = TIME_NEVER;
	if (conn_flag(conn, CONN_CLOSING)) {
		conn_remove(table, conn, CONN_REASON_CLOSED);
		return false;
	}
	if (!conn_flag(conn, CONN_EVENTS_ACTIVE))
		return true;
	if (which == 1 && !conn->end[CONN_ORIG].closed && !conn->end[CONN_RESP].closed)
		return run_attempt(table, conn);
	return run_expire_check(table, conn, which);
}

static bool run_dns(struct conn_table *table, struct conn *conn)
{
	const struct conn_settings *settings = &table->settings;
	// Zeek asks whether the flow was quiet for a second less than the timer's own span.
	uint64_t quiet = settings->dns_session_timeout > TIME_SECOND
				 ? settings->dns_session_timeout - TIME_SECOND
				 : 0;

	if (table->clock >= conn->last && table->clock - conn->last >= quiet) {
		conn_remove(table, conn, CONN_REASON_SESSION);
		return false;
	}
	conn_cold(table, conn)->due[0] = table->clock + settings->dns_session_timeout;
	return true;
}

bool conn_timers_run(struct conn_table *table, struct conn *conn)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	uint64_t upto = table->clock;

	// In Zeek each deadline is a timer of its own, with those of other connections in between:
	// that shows where only so many may run before a packet.
	if (table->settings.exact_time && earliest(table, conn) < upto)
		upto = earliest(table, conn);
	for (unsigned which = 0; which < 2; which++) {
		if (cold->due[which] > upto)
			continue;
		if (!(conn->key.protocol == PACKET_TCP ? run_tcp(table, conn, which)
						       : run_dns(table, conn)))
			return false;
	}
	if (inactivity_due(table, conn) <= upto) {
		conn_remove(table, conn, CONN_REASON_INACTIVE);
		return false;
	}
	arm(table, conn);
	return true;
}

size_t conn_table_due(struct conn_table *table, uint64_t *times, size_t most)
{
	return wheel_due(table->wheel, table->clock, times, most);
}

size_t conn_table_advance(struct conn_table *table, uint64_t now, size_t limit)
{
	size_t count = 0;

	if (now > table->clock)
		table->clock = now;
	while (count < limit) {
		uint32_t slot = wheel_pop(table->wheel, table->clock);

		if (slot == WHEEL_NONE)
			break;
		conn_timers_run(table, &table->conn[slot]);
		count++;
	}
	table->next_check = wheel_next_check(table->wheel);
	return count;
}
