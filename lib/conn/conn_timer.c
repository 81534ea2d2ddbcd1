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
// Three more, for connections of which only a subscriber wants to hear, are in the extension: reset
// and partial close (TCP), and status update.
//
// The attempt timer and the second chain can share a field: the chain begins when one side closed
// and the other is not inactive, and from then on the attempt timer would do nothing. Inactivity
// has no field: it is `last` plus the time that applies. The wheel has one entry for the earliest
// of them; a packet only writes `last`, and an entry that comes up too early is armed again.

static uint64_t inactivity_due(const struct conn_table *table, const struct conn *conn)
{
	uint64_t span = table->settings.inactivity[conn_timeout_class(conn)];
	const struct conn_watch *watch = conn_watch_get(table, conn);

	if (watch != NULL && watch->inactivity != CONN_INACTIVITY_BY_CLASS)
		span = watch->inactivity * TIME_MILLISECOND;
	return span != 0 ? conn->last + span : TIME_NEVER;
}

static uint64_t earliest(const struct conn_table *table, const struct conn *conn)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	uint64_t due = inactivity_due(table, conn);

	if (cold->due[0] < due)
		due = cold->due[0];
	if (cold->due[1] < due)
		due = cold->due[1];
	if (__builtin_expect(table->settings.events != 0 && conn_flag(conn, CONN_EXTENDED), 0)) {
		const struct conn_extension *extension = conn_extension_get(table, conn);

		for (int which = 0; which < CONN_DUE_COUNT; which++)
			due = extension->due[which] < due ? extension->due[which] : due;
	}
	if (cold->watched && table->watch[conn_slot(table, conn)].due < due)
		due = table->watch[conn_slot(table, conn)].due;
	return due;
}

void conn_timer_arm(struct conn_table *table, struct conn *conn)
{
	wheel_arm(table->wheel, conn_slot(table, conn), earliest(table, conn));
	table->next_check = wheel_next_check(table->wheel);
}

void conn_timer_set(struct conn_table *table, struct conn *conn, unsigned which, uint64_t due)
{
	conn_cold(table, conn)->due[which] = due;
	// Too early an entry costs a look when it comes up, too late a one would be wrong.
	if (due < conn->wheel.due)
		conn_timer_arm(table, conn);
}

void conn_timer_switch(struct conn_table *table, struct conn *conn, enum conn_timeout timeout)
{
	conn_timeout_set(conn, timeout);
	// The defaults are longer than what the entry stands at: it is armed only where they are not.
	if (conn->last + table->settings.inactivity[timeout] < conn->wheel.due)
		conn_timer_arm(table, conn);
}

void conn_timer_set_event(struct conn_table *table, struct conn *conn, enum conn_due which,
			  uint64_t due)
{
	struct conn_extension *extension = conn_extension_need(table, conn);

	if (extension == NULL)
		return;
	extension->due[which] = due;
	if (due < conn->wheel.due)
		conn_timer_arm(table, conn);
}

void conn_timer_cancel_events(struct conn_table *table, struct conn *conn)
{
	struct conn_extension *extension = conn_extension_get(table, conn);

	if (extension != NULL)
		extension->due[CONN_DUE_RESET] = extension->due[CONN_DUE_PARTIAL_CLOSE] =
			TIME_NEVER;
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

// spec-conn 5.2: never for other protocols.
static void start_status_updates(struct conn_table *table, struct conn *conn)
{
	uint64_t interval = table->settings.connection_status_update_interval;

	if (interval != 0 && conn_timeout_class(conn) != CONN_TIMEOUT_OTHER)
		conn_timer_set_event(table, conn, CONN_DUE_STATUS_UPDATE, table->clock + interval);
}

void conn_timers_start(struct conn_table *table, struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);

	if (conn->key.protocol == PACKET_TCP)
		cold->due[0] = table->clock + table->settings.tcp_syn_timeout;
	else if (has_dns_timer(conn))
		cold->due[0] = table->clock + table->settings.dns_session_timeout;
	conn_timer_arm(table, conn);
	if (conn_subscribed(table, CONN_EVENT_STATUS_UPDATE))
		start_status_updates(table, conn);
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

static bool run_attempt(struct conn_table *table, struct conn *conn, enum conn_reason reason)
{
	uint8_t state = conn->end[CONN_ORIG].state;

	if ((state != TCP_SYN_SENT && state != TCP_SYN_ACK_SENT) ||
	    !is_inactive(&conn->end[CONN_RESP]))
		return true;
	conn_event(table, conn, CONN_EVENT_ATTEMPT);
	conn_remove(table, conn, reason);
	return false;
}

static bool both_closed(const struct conn *conn)
{
	return conn->end[CONN_ORIG].closed && conn->end[CONN_RESP].closed;
}

static bool run_reset(struct conn_table *table, struct conn *conn, enum conn_reason reason)
{
	if (!conn_flag(conn, CONN_EVENTS_ACTIVE))
		return true;
	if (!both_closed(conn))
		conn_event(table, conn, CONN_EVENT_RESET);
	conn_remove(table, conn, reason);
	return false;
}

static bool run_partial_close(struct conn_table *table, struct conn *conn)
{
	const struct conn_endpoint *orig = &conn->end[CONN_ORIG], *resp = &conn->end[CONN_RESP];

	if (!conn_flag(conn, CONN_EVENTS_ACTIVE) || is_inactive(orig) || is_inactive(resp) ||
	    both_closed(conn) || orig->state == TCP_RESET || resp->state == TCP_RESET)
		return true;
	conn_event(table, conn, CONN_EVENT_PARTIAL_CLOSE);
	conn_remove(table, conn, CONN_REASON_PARTIAL_CLOSE);
	return false;
}

static void run_status_update(struct conn_table *table, struct conn *conn,
			      struct conn_extension *extension)
{
	conn_event(table, conn, CONN_EVENT_STATUS_UPDATE);
	extension->due[CONN_DUE_STATUS_UPDATE] = table->clock +
						 table->settings.connection_status_update_interval;
}

// The deadlines in the extension, as far as they are due at `upto`.
static bool run_events(struct conn_table *table, struct conn *conn, uint64_t upto)
{
	struct conn_extension *extension = conn_extension_get(table, conn);

	if (extension->due[CONN_DUE_RESET] <= upto) {
		extension->due[CONN_DUE_RESET] = TIME_NEVER;
		if (!run_reset(table, conn, CONN_REASON_RESET))
			return false;
	}
	if (extension->due[CONN_DUE_PARTIAL_CLOSE] <= upto) {
		extension->due[CONN_DUE_PARTIAL_CLOSE] = TIME_NEVER;
		if (!run_partial_close(table, conn))
			return false;
	}
	if (extension->due[CONN_DUE_STATUS_UPDATE] <= upto)
		run_status_update(table, conn, extension);
	return true;
}

static bool run_expire_check(struct conn_table *table, struct conn *conn, unsigned which)
{
	const struct conn_settings *settings = &table->settings;

	if (conn->last + settings->tcp_connection_linger < table->clock && is_over(conn)) {
		conn_flag_clear(conn, CONN_EVENTS_ACTIVE);
		conn_event(table, conn, CONN_EVENT_TIMEOUT);
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
		// Strange but so: in Zeek the end of every close is a time-out, unless there is no
		// delay.
		if (table->settings.tcp_close_delay != 0)
			conn_event(table, conn, CONN_EVENT_TIMEOUT);
		conn_remove(table, conn,
			    conn->end[CONN_ORIG].state == TCP_RESET ||
					    conn->end[CONN_RESP].state == TCP_RESET
				    ? CONN_REASON_RESET
				    : CONN_REASON_CLOSED);
		return false;
	}
	if (!conn_flag(conn, CONN_EVENTS_ACTIVE))
		return true;
	if (which == 1 && !conn->end[CONN_ORIG].closed && !conn->end[CONN_RESP].closed)
		return run_attempt(table, conn, CONN_REASON_ATTEMPT);
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
		conn_event(table, conn, CONN_EVENT_TIMEOUT);
		conn_remove(table, conn, CONN_REASON_SESSION);
		return false;
	}
	conn_cold(table, conn)->due[0] = table->clock + settings->dns_session_timeout;
	return true;
}

// False when the connection was removed.
static bool run_watch(struct conn_table *table, struct conn *conn, uint64_t upto)
{
	const struct conn_watcher *watcher = table->settings.watcher;

	if (table->watch[conn_slot(table, conn)].due <= upto && watcher != NULL)
		watcher->due(watcher->context, table, conn, upto);
	return conn_flag(conn, CONN_LIVE);
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
	if (__builtin_expect(table->settings.events != 0 && conn_flag(conn, CONN_EXTENDED), 0) &&
	    !run_events(table, conn, upto))
		return false;
	if (cold->watched && !run_watch(table, conn, upto))
		return false;
	if (inactivity_due(table, conn) <= upto) {
		conn_event(table, conn, CONN_EVENT_TIMEOUT);
		conn_remove(table, conn, CONN_REASON_INACTIVE);
		return false;
	}
	conn_timer_arm(table, conn);
	return true;
}

size_t conn_table_due(struct conn_table *table, uint64_t *times, size_t most)
{
	return wheel_due(table->wheel, table->clock, times, most);
}

// Timers come up on records that nobody looked at for long, and those that remove a connection look
// for its entry in the index. So what comes up is run some steps later: when it comes up its record
// is asked for, some steps later the index's bucket, and when that is there it is run.
#define STEPS        8
#define STEPS_BUCKET 3
#define STEPS_RUN    6
static_assert(STEPS_BUCKET < STEPS_RUN && STEPS_RUN < STEPS, "what waits has a place");

static void prefetch_next(const struct conn_table *table)
{
	uint32_t slot = wheel_peek(table->wheel);

	if (slot != WHEEL_NONE)
		conn_prefetch_hot(&table->conn[slot]);
}

static void prefetch_bucket(const struct conn_table *table, uint32_t slot)
{
	conn_index_prefetch(table, packet_key_hash(&table->conn[slot].key, table->settings.secret));
}

static void run_one(struct conn_table *table, uint32_t slot)
{
	conn_at(table, &table->conn[slot]);
	conn_timers_run(table, &table->conn[slot]);
	conn_events_done(table);
}

static size_t advance_coarsely(struct conn_table *table, size_t limit)
{
	size_t popped = 0, asked = 0, run = 0;
	uint32_t waiting[STEPS];

	while (popped < limit) {
		uint32_t slot = wheel_pop(table->wheel, table->clock);

		if (slot == WHEEL_NONE)
			break;
		prefetch_next(table);
		conn_prefetch_cold(table, slot);
		prefetch(&table->link[slot]);
		waiting[popped++ % STEPS] = slot;
		if (popped - asked > STEPS_BUCKET)
			prefetch_bucket(table, waiting[asked++ % STEPS]);
		if (popped - run > STEPS_RUN)
			run_one(table, waiting[run++ % STEPS]);
	}
	while (asked < popped)
		prefetch_bucket(table, waiting[asked++ % STEPS]);
	while (run < popped)
		run_one(table, waiting[run++ % STEPS]);
	return popped;
}

// One after the other: what a timer arms may be due before the next one.
static size_t advance_exactly(struct conn_table *table, size_t limit)
{
	size_t count = 0;

	while (count < limit) {
		uint32_t slot = wheel_pop(table->wheel, table->clock);

		if (slot == WHEEL_NONE)
			break;
		prefetch_next(table);
		run_one(table, slot);
		count++;
	}
	return count;
}

size_t conn_table_advance(struct conn_table *table, uint64_t now, size_t limit)
{
	size_t count;

	if (now > table->clock)
		table->clock = now;
	count = table->settings.exact_time ? advance_exactly(table, limit)
					   : advance_coarsely(table, limit);
	table->next_check = wheel_next_check(table->wheel);
	conn_at(table, NULL);
	return count;
}

// spec-conn 5.3: of the timers that are armed when the input is over, these still act.
static void run_at_end(struct conn_table *table, struct conn *conn)
{
	const struct conn_cold *cold = conn_cold(table, conn);
	const struct conn_extension *extension = conn_extension_get(table, conn);

	if (cold->watched && table->settings.watcher != NULL &&
	    table->watch[conn_slot(table, conn)].due != TIME_NEVER) {
		const struct conn_watcher *watcher = table->settings.watcher;

		watcher->due(watcher->context, table, conn, TIME_NEVER);
	}
	if (conn->key.protocol != PACKET_TCP) {
		if (cold->due[0] == TIME_NEVER)
			return;
		conn_event(table, conn, CONN_EVENT_TIMEOUT);
		conn_remove(table, conn, CONN_REASON_END);
		return;
	}
	if (!conn_flag(conn, CONN_EVENTS_ACTIVE))
		return;
	if (cold->due[1] != TIME_NEVER && !conn->end[CONN_ORIG].closed &&
	    !conn->end[CONN_RESP].closed && !run_attempt(table, conn, CONN_REASON_END))
		return;
	if (extension != NULL && extension->due[CONN_DUE_RESET] != TIME_NEVER)
		run_reset(table, conn, CONN_REASON_END);
}

bool conn_timers_end(struct conn_table *table)
{
	uint32_t slot = wheel_pop(table->wheel, TIME_LATEST);

	table->over = true;
	if (slot == WHEEL_NONE)
		return false;
	run_at_end(table, &table->conn[slot]);
	conn_events_done(table);
	return true;
}
