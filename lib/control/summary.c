/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include "base/message.h"
#include "base/monotonic.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

// One line for what there was, none for what there was not.
static void print_count(const char *what, uint64_t count)
{
	if (count > 0)
		printf("  %-44s %15" PRIu64 "\n", what, count);
}

static void print_packets(const struct control_totals *totals)
{
	static const char *const what[PACKET_VERDICT_COUNT] = {
		[PACKET_TRACK] = "tracked",
		[PACKET_NOT_IP] = "not IP",
		[PACKET_FRAGMENT] = "fragments, waiting for or joined with others",
		[PACKET_FRAGMENT_REFUSED] = "fragments that cannot be joined",
		[PACKET_BAD_LINK] = "malformed: link header",
		[PACKET_BAD_IP_HEADER] = "malformed: IP header",
		[PACKET_BAD_IP_LENGTH] = "malformed: IP length",
		[PACKET_BAD_IP_CHECKSUM] = "wrong IP checksum",
		[PACKET_BAD_EXTENSION] = "malformed: IPv6 extension header",
		[PACKET_BAD_TRANSPORT] = "malformed: TCP, UDP or ICMP header",
		[PACKET_BAD_TUNNEL] = "malformed: tunnel in IP, or one too deep",
		[PACKET_NO_CONNECTION] = "IP without connections (IPv6 ESP, ...)",
	};

	print_count("not looked at, as [replay] receive_only asks", totals->capture.left);
	print_count("found inside others, in tunnels and the like", totals->capture.unpacked);
	for (int i = 0; i < PACKET_VERDICT_COUNT; i++)
		print_count(what[i], totals->capture.verdict[i]);
	print_count("of the tracked: wrong checksum", totals->conn.bad_checksum);
	print_count("of the tracked: header does not fit", totals->conn.bad_header);
	print_count("of the tracked: no room for a connection", totals->conn.refused);
	print_count("of the tracked: lost between workers", totals->handoff_full);
	print_count("never seen: lost by the device", totals->missed);
}

static void print_connections(const struct control *control, const struct control_totals *totals)
{
	static const char *const why[CONN_REASON_COUNT] = {
		[CONN_REASON_INACTIVE] = "ended by inactivity",
		[CONN_REASON_ATTEMPT] = "ended: attempt not answered",
		[CONN_REASON_EXPIRED] = "ended: quiet after close or reset",
		[CONN_REASON_CLOSED] = "ended by close",
		[CONN_REASON_RESET] = "ended by reset",
		[CONN_REASON_PARTIAL_CLOSE] = "ended: partial close",
		[CONN_REASON_SESSION] = "ended by the DNS session timer",
		[CONN_REASON_REUSED] = "ended: addresses and ports used again",
		[CONN_REASON_EVICTED] = "ended: table full, half-open ones first",
		[CONN_REASON_END] = "ended with the input or with weir",
	};

	print_count("live", totals->live);
	print_count("waiting for the log", totals->waiting);
	print_count("logged", control->connections.logged);
	print_count("not logged, no room in the log", control->connections.unlogged);
	for (int i = 0; i < CONN_REASON_COUNT; i++)
		print_count(why[i], totals->conn.removed[i]);
	print_count("details not kept, no memory left for them", totals->conn.extension_short);
}

static void print_watched(const struct watch_counters *watch)
{
	print_count("thresholds crossed", watch->thresholds);
	print_count("looks of polls", watch->polls);
	print_count("removal hooks that ran", watch->hooks);
	print_count("packets for captures", watch->captured);
	print_count("packets for captures that were complete", watch->uncaptured);
	print_count("thresholds, polls, hooks: no memory left", watch->short_of);
	print_count("connections without rules: no memory left", watch->unset);
	print_count("new rules had to wait for old connections", watch->rules_late);
}

static void print_lines(const struct control *control, const struct control_totals *totals)
{
	print_count("events logged", control->events.logged);
	print_count("events not logged, no room in the log", control->events.unlogged);
	print_count("events not logged, the log cannot be opened", control->events.unopened);
	print_count("events lost, the log did not keep up", totals->events_lost);
	print_count("watch.log: logged", control->records.logged);
	print_count("watch.log: not logged, no room in the log", control->records.unlogged);
	print_count("watch.log: not logged, it cannot be opened", control->records.unopened);
	print_count("watch.log: lost, the log did not keep up", totals->records_lost);
}

static void print_captures(const struct dump_counters *captures)
{
	print_count("captures: files", captures->files);
	print_count("captures: files that reached their size", captures->filled);
	print_count("captures: packets written", captures->packets);
	print_count("captures: packets beyond a file's size", captures->beyond);
	print_count("captures: packets without a file, enough made", captures->refused);
	print_count("captures: packets lost, the disk is too slow", captures->lost);
	print_count("captures: packets that could not be written", captures->failed);
}

static void print_plugins(const struct control *control)
{
	struct control_plugin_cost cost;

	for (uint32_t i = 0; control_plugin_cost(control, i, &cost); i++)
		printf("  plugin %s: %" PRIu64 " calls, %.3f ms in all, %.0f ns a call\n",
		       cost.name, cost.calls, cost.time / TIME_MILLISECOND,
		       cost.calls > 0 ? cost.time / (double)cost.calls : 0);
}

void control_print_summary(const struct control *control)
{
	double seconds = (double)(monotonic_now() - control->started) / TIME_SECOND;
	struct control_totals totals;

	control_totals(control, &totals);
	printf("packets   %" PRIu64 " (%" PRIu64 " bytes) in %.3f s, %.0f packets/s\n",
	       totals.capture.received, totals.capture.bytes, seconds,
	       seconds > 0 ? (double)totals.capture.received / seconds : 0);
	print_packets(&totals);
	printf("connections %" PRIu64 "\n", totals.conn.created);
	print_connections(control, &totals);
	print_count("longest turn of a worker, in microseconds",
		    totals.longest_turn / TIME_MICROSECOND);
	print_watched(&totals.watch);
	print_captures(&totals.captures);
	print_lines(control, &totals);
	print_plugins(control);
	fflush(stdout);
}

static bool balance(const char *what, uint64_t left, uint64_t right)
{
	if (left == right)
		return true;
	message_error("the books do not balance: %s: %" PRIu64 " against %" PRIu64
		      "; this is a fault of weir, please report it",
		      what, left, right);
	return false;
}

bool control_check_books(const struct control *control)
{
	struct control_totals totals;
	uint64_t fates;
	bool good;

	control_totals(control, &totals);
	fates = totals.capture.left;
	for (int i = 0; i < PACKET_VERDICT_COUNT; i++)
		fates += totals.capture.verdict[i];
	good = balance("packets received or found inside others, and what became of them",
		       totals.capture.received + totals.capture.unpacked, fates);
	good &= balance("packets for connections, and packets tracked or refused",
			totals.capture.verdict[PACKET_TRACK],
			totals.conn.packets + totals.conn.refused + totals.handoff_full);
	good &= balance("packets handed over, and taken", totals.handed_out, totals.handed_in);
	good &= balance("connections, and lines logged", totals.conn.created,
			control->connections.logged + control->connections.unlogged + totals.live +
				totals.waiting);
	return good;
}
