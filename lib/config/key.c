/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/key.h"

#include "base/time.h"
#include "config/config.h"
#include "config/value.h"

#include <string.h>

#define KIBI     UINT64_C(1024)
#define MEBI     (KIBI * KIBI)
#define TEBI     (MEBI * MEBI)
#define SPAN_MIN TIME_MILLISECOND
#define SPAN_MAX CONFIG_SPAN_MAX

#define MEMBER(type_, section_, key_, member_)                                                     \
	.section = section_, .name = #key_, .offset = offsetof(struct type_, member_),             \
	.size = sizeof(((struct type_ *)NULL)->member_)

// What may follow in each of these: members of the row that differ from nothing.
#define ANY(section_, key_, kind_, default_, ...)                                                  \
	{                                                                                          \
		MEMBER(config, #section_, key_, section_.key_),                                    \
			.kind = kind_, .default_value = default_, __VA_ARGS__                      \
	}

// A number: what 0 stands for (or NULL), and the least and the greatest value.
#define NUMBER(section_, key_, kind_, default_, zero_, min_, max_, ...)                            \
	ANY(section_, key_, kind_, default_, .zero = zero_, .min = min_, .max = max_, __VA_ARGS__)

#define TIMEOUT(key_, default_, zero_)                                                             \
	NUMBER(timeouts, key_, CONFIG_SPAN, default_, zero_, SPAN_MIN, SPAN_MAX)

// A key of a section that has a name of its own.
#define RULE(rule_, section_, key_, member_, kind_, default_, ...)                                 \
	{                                                                                          \
		MEMBER(config_##section_, #section_, key_, member_),                               \
			.rule = rule_, .kind = kind_, .default_value = default_, __VA_ARGS__       \
	}

#define THRESHOLD(key_, member_, kind_, default_, ...)                                             \
	RULE(CONFIG_RULE_THRESHOLD, threshold, key_, member_, kind_, default_, .live = true,       \
	     __VA_ARGS__)

#define LIMIT(key_, kind_, min_, max_)                                                             \
	THRESHOLD(key_, key_, kind_, "0", .zero = "none", .min = min_, .max = max_)

#define POLL(key_, member_, kind_, default_, ...)                                                  \
	RULE(CONFIG_RULE_POLL, poll, key_, member_, kind_, default_, .live = true, __VA_ARGS__)

#define LIKELY_SERVER_TCP                                                                          \
	"21 22 25 53 79 80 81 88 135 139 143 389 443 445 465 502 514 563 585 587 614 631 636 989 " \
	"990 992 993 995 1080 1434 1883 2811 3128 3268 3306 3389 5222 5223 5269 5432 6379 "        \
	"6666-6669 8000 8080 8888 20000"

#define LIKELY_SERVER_UDP                                                                          \
	"53 67 88 123 137 161 162 389 443 514 1812 2123 2152 3389 3544 4011 4754 4789 5060 5072 "  \
	"5353 5355 6081 20000"

// Zeek's private address space (Site::private_address_space): the special-purpose registries of RFC
// 6890, multicast of local and of administrative scope, site-local IPv6, and all IPv4 ones as 6to4.
#define LOCAL_NETWORKS                                                                             \
	"10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8 "                       \
	"169.254.0.0/16 0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 198.18.0.0/15 "                        \
	"198.51.100.0/24 203.0.113.0/24 224.0.0.0/24 239.0.0.0/8 240.0.0.0/4 "                     \
	"255.255.255.255/32 ::/128 ::1/128 64:ff9b:1::/48 100::/64 2001::/23 "                     \
	"2001:2::/48 2001:db8::/32 fc00::/7 fe80::/10 fec0::/10 2002::/24 "                        \
	"2002:a00::/24 2002:6440::/26 2002:7f00::/24 2002:a9fe::/32 2002:ac10::/28 "               \
	"2002:c000::/40 2002:c000:200::/40 2002:c0a8::/32 2002:c612::/31 "                         \
	"2002:c633:6400::/40 2002:cb00:7100::/40 2002:e000::/40 2002:ef00::/24 "                   \
	"2002:f000::/20 2002:ffff:ffff::/48"

const struct config_key config_keys[] = {
	ANY(capture, source, CONFIG_SOURCE, "direct"),
	ANY(capture, interfaces, CONFIG_DEVICES, ""),
	ANY(capture, ignore_checksums, CONFIG_BOOLEAN, "no"),
	ANY(capture, promiscuous, CONFIG_BOOLEAN, "yes"),
	NUMBER(capture, queues, CONFIG_COUNT, "0", "one for each worker", 1, 1024),
	NUMBER(capture, descriptors, CONFIG_COUNT, "4096", NULL, 64, 32768),
	NUMBER(capture, buffers, CONFIG_COUNT, "0", "as many as are needed", 512, 1024 * MEBI),
	NUMBER(capture, buffer_size, CONFIG_SIZE, "2 KiB", NULL, 128, 16 * KIBI),
	ANY(capture, hugepages, CONFIG_BOOLEAN, "yes"),
	NUMBER(capture, memory, CONFIG_SIZE, "0", "as much as is needed", MEBI, 16 * TEBI),
	ANY(capture, eal, CONFIG_WORDS, ""),

	NUMBER(replay, rounds, CONFIG_COUNT, "1", "until weir is told to stop", 1, UINT32_MAX),
	NUMBER(replay, opening, CONFIG_COUNT, "0", "none", 1, UINT32_MAX),
	ANY(replay, new_addresses, CONFIG_BOOLEAN, "yes"),
	ANY(replay, receive_only, CONFIG_BOOLEAN, "no"),

	NUMBER(workers, count, CONFIG_COUNT, "1", NULL, 1, 64),
	ANY(workers, cores, CONFIG_CORES, ""),

	NUMBER(connections, maximum, CONFIG_COUNT, "4 Mi", NULL, 1024, 256 * MEBI),

	NUMBER(fragments, maximum, CONFIG_COUNT, "256", NULL, 1, 65536),

	TIMEOUT(tcp_attempt_delay, "5 s", NULL),
	TIMEOUT(tcp_SYN_timeout, "5 s", NULL),
	TIMEOUT(tcp_session_timer, "6 s", NULL),
	TIMEOUT(tcp_connection_linger, "5 s", "at once"),
	TIMEOUT(tcp_close_delay, "5 s", "at once"),
	TIMEOUT(tcp_handshake_inactivity_timeout, "60 s", "never"),
	TIMEOUT(tcp_inactivity_timeout, "5 min", "never"),
	TIMEOUT(udp_inactivity_timeout, "1 min", "never"),
	TIMEOUT(icmp_inactivity_timeout, "1 min", "never"),
	TIMEOUT(unknown_ip_inactivity_timeout, "1 min", "never"),
	// A DNS exchange ends when it was quiet for one second less than this.
	NUMBER(timeouts, dns_session_timeout, CONFIG_SPAN, "10 s", NULL, TIME_SECOND, SPAN_MAX),
	TIMEOUT(frag_timeout, "5 min", NULL),
	TIMEOUT(tcp_reset_delay, "5 s", NULL),
	TIMEOUT(tcp_partial_close_delay, "3 s", NULL),
	TIMEOUT(connection_status_update_interval, "0", "never"),
	NUMBER(timeouts, max_timer_expires, CONFIG_COUNT, "300", "all that are due", 1, 65536),

	ANY(inactivity, tcp_ports, CONFIG_TIMED_PORTS, "21 22 23 513",
	    .spans = offsetof(struct config, inactivity.tcp_port_spans), .live = true),
	NUMBER(inactivity, tcp_ports_timeout, CONFIG_SPAN, "1 h", "never", SPAN_MIN, SPAN_MAX,
	       .live = true),
	ANY(inactivity, services, CONFIG_SERVICES, "ftp ssh", .live = true),
	NUMBER(inactivity, services_timeout, CONFIG_SPAN, "1 h", "never", SPAN_MIN, SPAN_MAX,
	       .live = true),

	ANY(ports, likely_server_tcp, CONFIG_PORTS, LIKELY_SERVER_TCP),
	ANY(ports, likely_server_udp, CONFIG_PORTS, LIKELY_SERVER_UDP),

	NUMBER(tunnels, max_depth, CONFIG_COUNT, "4", "none is opened", 1, 8),
	ANY(tunnels, ayiya_ports, CONFIG_PORTS, "5072"),
	ANY(tunnels, geneve_ports, CONFIG_PORTS, "6081"),
	ANY(tunnels, gre_ports, CONFIG_PORTS, "4754"),
	ANY(tunnels, gtp_ports, CONFIG_PORTS, "2123 2152"),
	ANY(tunnels, teredo_ports, CONFIG_PORTS, "3544"),
	ANY(tunnels, vxlan_ports, CONFIG_PORTS, "4789"),

	ANY(networks, local, CONFIG_PREFIXES, LOCAL_NETWORKS),

	ANY(log, directory, CONFIG_PATH, "."),
	ANY(log, format, CONFIG_LOG_FORMAT, "tsv"),
	// Rotated files are told apart by a time in whole seconds.
	NUMBER(log, rotate_interval, CONFIG_SPAN, "0", "never", TIME_SECOND, SPAN_MAX),
	NUMBER(log, rotate_size, CONFIG_SIZE, "0", "never", 4096, CONFIG_BYTES_MAX),
	ANY(log, rotate_name, CONFIG_LOG_NAME, "{path}.%Y-%m-%d-%H-%M-%S.log"),
	NUMBER(log, flush_interval, CONFIG_SPAN, "1 s", "at once", SPAN_MIN, TIME_HOUR),
	ANY(log, columns, CONFIG_NAMES, ""),
	NUMBER(log, community_id_seed, CONFIG_COUNT, "0", "none", 1, 65535),

	{
		MEMBER(config, "log events", names, log_events.names),
		.kind = CONFIG_PATTERN,
		.default_value = "",
	},

	ANY(control, socket, CONFIG_SOCKET, "auto"),
	ANY(control, mode, CONFIG_MODE, "0600"),
	NUMBER(control, listing_rest, CONFIG_COUNT, "8", "it does not rest", 1, 1000),

	ANY(captures, directory, CONFIG_PATH, "captures"),
	NUMBER(captures, maximum, CONFIG_COUNT, "100", NULL, 1, 10000),
	NUMBER(captures, size, CONFIG_SIZE, "10 MiB", NULL, 64 * KIBI, TEBI),
	NUMBER(captures, packet, CONFIG_SIZE, "2 KiB", NULL, 64, 2 * KIBI),

	THRESHOLD(filter, filter, CONFIG_FILTER, ""),
	LIMIT(orig_bytes, CONFIG_SIZE, 1, CONFIG_BYTES_MAX),
	LIMIT(resp_bytes, CONFIG_SIZE, 1, CONFIG_BYTES_MAX),
	LIMIT(orig_pkts, CONFIG_COUNT, 1, CONFIG_PACKETS_MAX),
	LIMIT(resp_pkts, CONFIG_COUNT, 1, CONFIG_PACKETS_MAX),
	LIMIT(pkts, CONFIG_COUNT, 1, CONFIG_PACKETS_MAX),
	LIMIT(duration, CONFIG_SPAN, SPAN_MIN, SPAN_MAX),
	THRESHOLD(idle, idle, CONFIG_BOOLEAN, "no"),
	THRESHOLD(action, actions, CONFIG_ACTIONS, "event"),

	POLL(filter, filter, CONFIG_FILTER, ""),
	POLL(interval, interval, CONFIG_SPAN, "1 s", .min = SPAN_MIN, .max = SPAN_MAX),
	POLL(feature, feature, CONFIG_FEATURE, NULL),
	POLL(above, above_text, CONFIG_ABOVE, NULL),
	POLL(repeat, repeat, CONFIG_BOOLEAN, "no"),
	POLL(action, actions, CONFIG_ACTIONS, "event"),

	RULE(CONFIG_RULE_PLUGIN, plugin, path, path, CONFIG_PATH, NULL),
};

const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);

const struct config_key config_key_other = {
	.section = "plugin",
	.name = "",
	.kind = CONFIG_OTHER,
	.rule = CONFIG_RULE_PLUGIN,
};

const struct config_key *config_key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (strcmp(config_keys[i].section, section) == 0 &&
		    strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	return NULL;
}

bool config_section_exists(const char *section)
{
	for (size_t i = 0; i < config_key_count; i++)
		if (config_keys[i].rule == CONFIG_RULE_NONE &&
		    strcmp(config_keys[i].section, section) == 0)
			return true;
	return false;
}

bool config_key_is_list(const struct config_key *key)
{
	switch (key->kind) {
	case CONFIG_PORTS:
	case CONFIG_PREFIXES:
	case CONFIG_DEVICES:
	case CONFIG_WORDS:
	case CONFIG_NAMES:
	case CONFIG_CORES:
	case CONFIG_TIMED_PORTS:
	case CONFIG_SERVICES:
	case CONFIG_FILTER:
	case CONFIG_ACTIONS:
		return true;
	default:
		return false;
	}
}

bool config_key_may_be_empty(const struct config_key *key)
{
	return key->kind == CONFIG_PATTERN || key->kind == CONFIG_OTHER ||
	       (config_key_is_list(key) && key->kind != CONFIG_ACTIONS);
}
