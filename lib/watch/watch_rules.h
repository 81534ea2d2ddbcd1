/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_settings.h"
#include "watch/watch_name.h"
#include "watch/watch_request.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The rules for connections to come: one immutable snapshot, made by the control side, read by all
// workers through an RCU pointer.
//
//   rules:  | rule 0 | rule 1 | ...        thresholds and polls, each with its filter
//   steps:  of each kind, what the thresholds count, in ascending order: | value, rule | ...
//
// Of a connection a worker keeps the set of rules that matched its first packet, and how far up the
// steps of each kind it is: its next threshold is the next step whose rule is in the set. So one
// value is compared, whatever the number of rules. A snapshot stays until the last connection with
// such a set is gone, or has moved on to a later one, see watch_move.c; a rule that was taken away
// is marked in it.

struct filter;

#define WATCH_RULE_BITS  10
#define WATCH_RULES_MOST (1 << WATCH_RULE_BITS)
#define WATCH_RULE_WORDS (WATCH_RULES_MOST / 64)

// Kinds as a worker keeps them: a duration that also fires while no packet comes is a kind of its
// own, since others below it may still wait for a packet.
#define WATCH_DURATION_IDLE WATCH_KIND_COUNT
#define WATCH_STEP_KINDS    (WATCH_KIND_COUNT + 1)

static inline uint8_t watch_step_kind(uint8_t kind, bool idle)
{
	return kind == WATCH_DURATION && idle ? WATCH_DURATION_IDLE : kind;
}

// One rule, as it is wanted.
struct watch_rule_settings {
	const char *name;
	const char *expression; // of libpcap; empty: every connection
	struct filter *filter;  // it compiled; NULL: not yet. The caller's
	bool poll;
	uint8_t actions;
	uint64_t value[WATCH_KIND_COUNT]; // threshold; 0: none
	bool idle;                        // threshold, its duration
	uint8_t feature;                  // poll: enum watch_feature
	bool repeat;
	uint64_t interval;
	uint64_t above;
};

struct watch_rule {
	uint16_t filter; // number, or WATCH_NO_FILTER
	uint16_t name;
	uint8_t actions;
	bool poll;
	uint8_t feature;
	bool repeat;
	atomic_bool dead; // was taken away while connections still have it
	uint32_t born;    // the same in each snapshot that has it as it was first given
	uint64_t interval;
	uint64_t above;
};

#define WATCH_NO_FILTER UINT16_MAX

// Inactivity times by port and by service ([inactivity]).
struct watch_service {
	char name[WATCH_NAME_SIZE];
	uint64_t span; // ns; 0: never
};

struct watch_inactivity {
	struct conn_ports ports;          // of TCP responders
	uint64_t span;                    // theirs, ns; 0: never
	struct conn_port_span *port_span; // of those that have another one
	size_t port_span_count;
	struct watch_service *service;
	size_t service_count;
};

struct watch_step {
	uint64_t value;
	uint16_t rule;
};

struct watch_rules {
	uint32_t rule_count;
	uint32_t filter_count;
	bool filtered; // is there any filter
	bool polls;
	struct watch_rule *rule;
	const struct filter **filter;
	const struct watch_inactivity *inactivity; // NULL: as the tables were made with
	uint32_t *known; // [rule_count], ascending: see watch_rules_known()
	struct watch_step *step[WATCH_STEP_KINDS];
	uint16_t step_count[WATCH_STEP_KINDS];
	atomic_uint users; // workers that have taken it over and not left it
};

// `filters` has the compiled expression of each rule, NULL for an empty one; they have to stay as
// long as the snapshot. NULL for too many rules or without memory. Control side, as below.
struct watch_rules *watch_rules_create(const struct watch_rule_settings *settings,
				       struct filter *const *filters, size_t count);
void watch_rules_destroy(struct watch_rules *rules);

// An element of `known`.
static inline uint32_t watch_rules_known(uint16_t name, bool poll, uint32_t number)
{
	return (uint32_t)name << (WATCH_RULE_BITS + 1) | (uint32_t)poll << WATCH_RULE_BITS | number;
}

static inline uint32_t watch_rules_known_number(uint32_t known)
{
	return known & ((1 << WATCH_RULE_BITS) - 1);
}

// The number of the rule of that name and sort, or `rule_count`. Control side.
uint32_t watch_rules_find(const struct watch_rules *rules, uint16_t name, bool poll);

// The first step of a kind that is not below a value, or step_count. Any thread.
uint16_t watch_rules_step(const struct watch_rules *rules, unsigned kind, uint64_t value);

// Marks a rule: it does nothing more, for no connection.
void watch_rules_bury(struct watch_rules *rules, uint32_t rule);
