/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_table.h"

#include "base/time.h"
#include "base/prefetch.h"
#include "conn/conn_extension.h"
#include "conn/conn_watch.h"

#define BUCKET_ENTRIES 8

struct conn_bucket {
	uint16_t tag[BUCKET_ENTRIES]; // of the hash; 0: the entry is empty
	uint32_t slot[BUCKET_ENTRIES];
	uint32_t overflow; // index + 1 of a further bucket
	uint32_t spare[3];
} __attribute__((aligned(64)));

static_assert(sizeof(struct conn_bucket) == 64, "a bucket is one cache line");

// Doubly linked through conn_table.link.
struct conn_list {
	uint32_t oldest;
	uint32_t newest;
};

// More than a packet or timer raises, as a rule: beyond, a later exchange of roles does not show in
// the first ones.
#define CONN_EVENTS_A_PACKET 32

// A power of two. Of so many records one is read again because another one changed.
#define CONN_CHANGES 256

struct conn_table {
	struct conn *conn;        // [slots]
	struct conn_cold *cold;   // [slots]
	struct conn_rare *rare;   // [slots]
	struct conn_link *link;   // [slots]
	struct conn_watch *watch; // [slots]
	struct conn_bucket *bucket;
	struct wheel *wheel;
	uint64_t clock;      // the latest packet time seen, never moves back
	bool held_back;      // timers wait for the next packet, in some worker
	bool over;           // the input is: no timer is armed any more
	uint64_t next_check; // no timer is due before; copy of the wheel's
	uint64_t bucket_mask;
	uint32_t live;
	uint32_t waiting;
	uint32_t slots;
	uint32_t overflow_free; // first free overflow bucket, index + 1
	uint32_t overflow_fresh, overflow_end;
	uint32_t finished_first, finished_last; // linked through wheel.next
	uint32_t drain_at;
	uint32_t events_waiting;  // in `event`
	uint32_t events_first;    // and where they begin
	struct conn_event *event; // [CONN_EVENTS_A_PACKET], a ring, of the packet or timer at hand
	const struct packet *packet; // that is tracked now; NULL: none is
	struct conn_list half_open;
	struct conn_list closing;
	// For other threads, see conn_reader.c. Apart from what the worker reads: whoever looks
	// takes the line away from it for a moment. But in the same page as that, as each page that
	// a packet needs has to be translated anew: records and frames are all over the memory.
	char apart[64];
	_Atomic(struct conn *) at; // the record that is being changed, or NULL; see conn_at()
	char apart_too[64];
	struct conn_slots free;
	struct conn_pool pool; // extensions
	struct conn_counters counters;
	struct conn_settings settings;
	conn_reclaim_function reclaim;
	struct conn_limbo *limbo;       // [CONN_LIMBO_BATCHES], a ring
	uint32_t limbo_fill;            // batch that is being filled
	uint32_t limbo_oldest;          // batch that waits longest for its grace period
	uint32_t changes[CONN_CHANGES]; // see conn_changed()
};

static inline uint32_t conn_slot(const struct conn_table *table, const struct conn *conn)
{
	return (uint32_t)(conn - table->conn);
}

static inline struct conn_cold *conn_cold(const struct conn_table *table, const struct conn *conn)
{
	return &table->cold[conn - table->conn];
}

// To be called before the worker changes a record, in any of its parts: whoever reads it from
// another thread gives way until the next call, for another record or for none (NULL).
static inline void conn_at(struct conn_table *table, struct conn *conn)
{
	// What was written before stays before, what is written from here on comes after: on x86
	// that costs nothing but the store.
	atomic_store_explicit(&table->at, conn, memory_order_release);
	atomic_thread_fence(memory_order_release);
}

// To be called between conn_at() for a record and for the next one, when that changes what a
// summary shows, without a packet being counted (conn_count()), the connection being made or
// removed: that is how other threads notice. Also when packet counts are set to something else.
static inline void conn_changed(struct conn_table *table, const struct conn *conn)
{
	table->changes[conn_slot(table, conn) % CONN_CHANGES] += 2;
}

// The same for a change of a record that need not be the one at hand, so that conn_at() is of no
// use: while another one's packet is dealt with, or between packets. The count is odd meanwhile, so
// the two are not nested.
static inline void conn_change_begin(struct conn_table *table, const struct conn *conn)
{
	table->changes[conn_slot(table, conn) % CONN_CHANGES]++;
	atomic_thread_fence(memory_order_release);
}

static inline void conn_change_end(struct conn_table *table, const struct conn *conn)
{
	atomic_thread_fence(memory_order_release);
	table->changes[conn_slot(table, conn) % CONN_CHANGES]++;
}

// The rare part, to be changed; in use from now on.
static inline struct conn_rare *conn_rare(const struct conn_table *table, const struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);
	struct conn_rare *rare = &table->rare[conn - table->conn];

	if (!cold->rare) {
		memset(rare, 0, sizeof(*rare));
		cold->rare = 1;
	}
	return rare;
}

// The rare part, or zeros where it is not in use.
static inline const struct conn_rare *conn_rare_look(const struct conn_table *table,
						     const struct conn *conn)
{
	static const struct conn_rare none;

	return conn_cold(table, conn)->rare ? &table->rare[conn - table->conn] : &none;
}

// Ask the memory for the two parts of a record that are needed soon.
static inline void conn_prefetch_hot(const struct conn *conn)
{
	prefetch(conn);
	prefetch(conn->end);
}

static inline void conn_prefetch_cold(const struct conn_table *table, uint32_t slot)
{
	prefetch(&table->cold[slot]);
}

static inline enum conn_timeout conn_timeout_class(const struct conn *conn)
{
	return (conn->key.flags & CONN_TIMEOUT_MASK) >> CONN_TIMEOUT_SHIFT;
}

static inline void conn_timeout_set(struct conn *conn, enum conn_timeout timeout)
{
	conn->key.flags = (uint16_t)((conn->key.flags & ~CONN_TIMEOUT_MASK) |
				     (unsigned)timeout << CONN_TIMEOUT_SHIFT);
}

static inline void conn_flag_set(struct conn *conn, enum conn_flag flag)
{
	conn->key.flags |= (uint16_t)flag;
}

static inline void conn_flag_clear(struct conn *conn, enum conn_flag flag)
{
	conn->key.flags &= (uint16_t)~flag;
}

static inline bool conn_flag(const struct conn *conn, enum conn_flag flag)
{
	return conn->key.flags & flag;
}

// Which side sent a packet: CONN_ORIG or CONN_RESP.
static inline unsigned conn_side(const struct conn *conn, const struct packet *packet)
{
	return packet->sender != (conn->key.flags & CONN_ORIG_END);
}

static inline uint16_t conn_port(const struct conn *conn, unsigned side)
{
	return conn->key.port[(conn->key.flags & CONN_ORIG_END) ^ side];
}

// State, flags and letters of an endpoint as one word, so that several can be tested at once. The
// compiler makes constants of those that are built of constants.
static inline uint32_t conn_endpoint_word(const struct conn_endpoint *end)
{
	uint32_t word;

	static_assert(offsetof(struct conn_endpoint, letters) == 22, "behind two bytes of flags");
	memcpy(&word, (const uint8_t *)end + 20, sizeof(word));
	return word;
}

// conn_table.c
struct conn *conn_create(struct conn_table *table, const struct packet *packet);
void conn_remove(struct conn_table *table, struct conn *conn, enum conn_reason reason);
void conn_list_append(struct conn_table *table, struct conn_list *list, struct conn *conn);
void conn_list_remove(struct conn_table *table, struct conn_list *list, struct conn *conn);

// conn_index.c
struct conn *conn_index_find(struct conn_table *table, const struct packet *packet);
// The record of the first entry that looks like the packet's, unseen, to be prefetched; or the
// first record of all, where no entry does: a connection is about to begin.
struct conn *conn_index_likely(const struct conn_table *table, const struct packet *packet);
// Asks the memory for the bucket of a hash.
static inline void conn_index_prefetch(const struct conn_table *table, uint64_t hash)
{
	prefetch(&table->bucket[hash & table->bucket_mask]);
}
int conn_index_insert(struct conn_table *table, uint64_t hash, uint32_t slot);
void conn_index_remove(struct conn_table *table, uint64_t hash, uint32_t slot);

// conn_count.c: a counter passed 2^32, or came to where it was armed for.
void conn_count_carry(struct conn_table *table, struct conn *conn, unsigned side,
		      uint32_t ip_length);

// The packet goes into its direction's counters.
static inline void conn_count(struct conn_table *table, struct conn *conn, unsigned side,
			      uint32_t ip_length)
{
	uint32_t packets = ++conn->packets[side], bytes = conn->ip_bytes[side] += ip_length;

	if (__builtin_expect(packets == 0 || bytes < ip_length, 0))
		conn_count_carry(table, conn, side, ip_length);
}

// conn_tunnel.c: a new connection's tunnels; what a tracked UDP packet carries; and what is to be
// done for each further packet of some connections: its tunnels may be others, or somebody wants it.
void conn_tunnel_start(struct conn_table *table, struct conn *conn, const struct packet *packet);
enum packet_tunnel conn_tunnel_carried(struct conn_table *table, struct conn *conn,
				       const struct packet *packet);

void conn_look_closer(struct conn_table *table, struct conn *conn, const struct packet *packet);

// Is a packet of an existing connection worth conn_look_closer()?
static inline bool conn_is_looked_at(const struct conn *conn, const struct packet *packet)
{
	return __builtin_expect((packet->stack != 0) | conn->end[CONN_ORIG].closer, 0);
}

static inline struct uid conn_uid(const struct conn_table *table, const struct conn *conn)
{
	return uid_make(&table->settings.uid_key, table->settings.worker, conn_slot(table, conn),
			conn_cold(table, conn)->generation);
}

// conn_event.c; the callers have asked conn_subscribed().
// Returns the event, to be completed at once.
struct conn_event *conn_event_raise(struct conn_table *table, const struct conn *conn,
				    enum conn_event_kind kind, unsigned side);
void conn_event_removed(struct conn_table *table, const struct conn *conn, enum conn_reason reason);
void conn_event_gap(struct conn_table *table, const struct conn *conn, unsigned side,
		    uint64_t position, uint64_t length);
// The roles were exchanged: also in the events that wait.
void conn_event_flipped(struct conn_table *table, const struct conn *conn);
// The packet or timer is done with: passes its events on.
void conn_event_flush(struct conn_table *table);

static inline bool conn_subscribed(const struct conn_table *table, enum conn_event_kind kind)
{
	return __builtin_expect(table->settings.events >> kind & 1, 0);
}

static inline void conn_event(struct conn_table *table, const struct conn *conn,
			      enum conn_event_kind kind)
{
	if (conn_subscribed(table, kind))
		conn_event_raise(table, conn, kind, CONN_ORIG);
}

static inline void conn_events_done(struct conn_table *table)
{
	if (__builtin_expect(table->events_waiting > 0, 0))
		conn_event_flush(table);
}

// conn_summarize.c
enum conn_state conn_state_of(const struct conn_table *table, const struct conn *conn);

// conn_flip.c
bool conn_flips_at_creation(const struct conn_settings *settings, const struct packet *packet);
void conn_flip(struct conn_table *table, struct conn *conn);

// conn_timer.c
void conn_timers_start(struct conn_table *table, struct conn *conn);
// Arms the wheel for the earliest of the connection's deadlines.
void conn_timer_arm(struct conn_table *table, struct conn *conn);
// Runs what is due at the table's time. False when the connection was removed.
bool conn_timers_run(struct conn_table *table, struct conn *conn);
// Sets due[which] and makes sure the wheel asks in time.
void conn_timer_set(struct conn_table *table, struct conn *conn, unsigned which, uint64_t due);
// Another inactivity time applies from now on; the wheel asks in time, too.
void conn_timer_switch(struct conn_table *table, struct conn *conn, enum conn_timeout timeout);

// The same for the deadlines in the extension; void when there is no room for one.
void conn_timer_set_event(struct conn_table *table, struct conn *conn, enum conn_due which,
			  uint64_t due);
void conn_timer_cancel_events(struct conn_table *table, struct conn *conn);
// The input is over: takes the next armed timer, and runs it if it is one that then still acts.
// False when none is armed any more.
bool conn_timers_end(struct conn_table *table);

// tcp.c, datagram.c
bool tcp_reuses(const struct conn *conn, const struct packet *packet);
// Any packet; whoever has many tries tcp_plain_track() first. Not for inlining: what plain packets
// need is to stay small.
__attribute__((noinline)) void tcp_track(struct conn_table *table, struct conn *conn,
					 const struct packet *packet);
void udp_track(struct conn_table *table, struct conn *conn, const struct packet *packet);
void icmp_track(struct conn_table *table, struct conn *conn, const struct packet *packet);
void other_track(struct conn_table *table, struct conn *conn, const struct packet *packet);

// conn_summarize.c
void conn_summarize(const struct conn_table *table, const struct conn *conn,
		    struct conn_summary *summary);
