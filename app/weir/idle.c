/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "idle.h"

#include "base/message.h"
#include "base/time.h"
#include "config/value.h"

#include <stdio.h>

// The longest limit so far, and the key that has it.
struct longest {
	uint64_t span; // TIME_NEVER: there is none
	const char *key;
};

static void take(struct longest *longest, uint64_t span, const char *key)
{
	uint64_t limit = span != 0 ? span : TIME_NEVER;

	if (limit > longest->span)
		*longest = (struct longest){limit, key};
}

// Every limit counts that some connection may have, whether or not a filter leaves that one out. Only
// plugins tell services.
static struct longest find_longest(const struct config *rules, const struct config *running)
{
	const struct config_spans *ports = &rules->inactivity.tcp_port_spans;
	struct longest longest = {0, ""};

#define TIMEOUT(name) take(&longest, running->timeouts.name, "[timeouts] " #name)
	TIMEOUT(tcp_handshake_inactivity_timeout);
	TIMEOUT(tcp_inactivity_timeout);
	TIMEOUT(udp_inactivity_timeout);
	TIMEOUT(icmp_inactivity_timeout);
	TIMEOUT(unknown_ip_inactivity_timeout);
#undef TIMEOUT
	for (size_t i = 0; i < sizeof(rules->inactivity.tcp_ports.bit) / sizeof(uint64_t); i++) {
		if (rules->inactivity.tcp_ports.bit[i] != 0)
			take(&longest, rules->inactivity.tcp_ports_timeout,
			     "[inactivity] tcp_ports_timeout");
	}
	for (size_t i = 0; i < ports->count; i++)
		take(&longest, ports->item[i].span, "[inactivity] tcp_ports");
	return longest;
}

void idle_check(const struct config *rules, const struct config *running)
{
	struct longest longest = find_longest(rules, running);
	char span[CONFIG_SCALED_SIZE];

	// Plugins may give a connection any limit.
	if (longest.span == TIME_NEVER || running->plugins.count > 0)
		return;
	config_format_scaled(&config_spans, longest.span, span);
	for (size_t i = 0; i < rules->polls.count; i++) {
		const struct config_poll *poll = &rules->polls.item[i];

		if (poll->feature != CONFIG_FEATURE_IDLE || poll->above < longest.span)
			continue;
		message_warning(
			"%.200s[poll %s] above: no connection is idle for so long, as every "
			"one ends before, unless a request gives it longer; the longest limit is "
			"%s, by %s",
			config_rule_place(rules, "poll", poll->name, "above"), poll->name, span,
			longest.key);
	}
}
