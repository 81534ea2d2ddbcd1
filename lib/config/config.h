/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"
#include "config/config_rule.h"
#include "config/config_texts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_log_format { CONFIG_LOG_TSV, CONFIG_LOG_JSON };
enum config_source { CONFIG_SOURCE_DIRECT, CONFIG_SOURCE_REPLAY };

// A set of ports, one bit each: `bit[port / 64] >> port % 64 & 1`.
struct config_ports {
	uint64_t bit[1024];
};

struct config_prefixes {
	struct prefix *item;
	size_t count;
};

// A service, or some ports, with a time of its own.
struct config_span {
	char name[CONFIG_NAME_SIZE]; // of a service
	uint32_t first, last;        // ports
	uint64_t span;               // ns; 0: never; UINT64_MAX: none was given
};

struct config_spans {
	struct config_span *item;
	size_t count;
};

// Every setting, typed, after defaults, the file and the command line. Immutable once
// config_finish() returned; any thread may read it. Spans are nanoseconds, sizes bytes.
struct config {
	// [capture]
	struct {
		enum config_source source;
		struct config_texts interfaces; // as -i on the command line
		bool ignore_checksums;          // as -C
		bool promiscuous;
		uint32_t queues;      // for each port; 0: as workers, as far as the port has them
		uint32_t descriptors; // receive descriptors for each queue
		uint32_t buffers;     // packet buffers in all; 0: what queues and rings need
		uint32_t buffer_size; // bytes of a packet that one buffer holds
		bool hugepages;       // no: run without them
		uint64_t memory;      // for packet buffers; 0: as much as is needed
		struct config_texts eal; // further DPDK arguments, one word each
	} capture;
	// [replay]
	struct {
		uint32_t rounds; // 0: until weir is told to stop
		uint32_t opening;
		bool new_addresses;
		bool receive_only;
	} replay;
	// [workers]
	struct {
		uint32_t count;
		// Distinct CPU numbers in decimal, in the workers' order; empty: any CPU.
		struct config_texts cores;
	} workers;
	// [connections]
	struct {
		uint32_t maximum; // live connections in all
	} connections;
	// [fragments]
	struct {
		uint32_t maximum; // datagrams under reassembly, each worker
	} fragments;
	// [timeouts], under Zeek's names; the ones called inactivity: 0 is never
	struct {
		uint64_t tcp_attempt_delay;
		uint64_t tcp_SYN_timeout;
		uint64_t tcp_session_timer;
		uint64_t tcp_connection_linger;
		uint64_t tcp_close_delay;
		uint64_t tcp_handshake_inactivity_timeout;
		uint64_t tcp_inactivity_timeout;
		uint64_t udp_inactivity_timeout;
		uint64_t icmp_inactivity_timeout;
		uint64_t unknown_ip_inactivity_timeout;
		uint64_t dns_session_timeout;
		uint64_t frag_timeout;
		uint64_t tcp_reset_delay;
		uint64_t tcp_partial_close_delay;
		uint64_t connection_status_update_interval; // 0: never
		uint32_t max_timer_expires;                 // before a packet of a file; 0: all
	} timeouts;
	// [inactivity]
	struct {
		struct config_ports tcp_ports;      // long-lived interactive services, all of them
		struct config_spans tcp_port_spans; // those with a time of their own, each once
		uint64_t tcp_ports_timeout;         // of the others; 0: never
		struct config_spans services;       // each once
		uint64_t services_timeout; // of those without a time of their own; 0: never
	} inactivity;
	// [ports]
	struct {
		struct config_ports likely_server_tcp;
		struct config_ports likely_server_udp;
	} ports;
	// [tunnels]
	struct {
		uint32_t max_depth; // 0: none is opened
		// UDP ports of responders; none is in two of the sets.
		struct config_ports ayiya_ports;
		struct config_ports geneve_ports;
		struct config_ports gre_ports;
		struct config_ports gtp_ports;
		struct config_ports teredo_ports;
		struct config_ports vxlan_ports;
	} tunnels;
	// [networks]
	struct {
		struct config_prefixes local;
	} networks;
	// [log]
	struct {
		char *directory; // as -l
		enum config_log_format format;
		uint64_t rotate_interval; // 0: never
		uint64_t rotate_size;     // 0: never
		// A strftime pattern of at most 100 bytes; {path} stands for the log's name.
		char *rotate_name;
		// A line is on disk at the latest this long after its connection ended. 0: at once.
		uint64_t flush_interval;
		struct config_texts columns; // optional ones of conn.log, each once
		uint32_t community_id_seed;
	} log;
	// [log events]
	struct {
		char *names; // an extended regular expression that was found valid; empty: none
	} log_events;
	// [control]
	struct {
		char *socket;  // a path, "none" or "auto"
		uint32_t mode; // of that file
		uint32_t listing_rest;
	} control;
	// [captures]
	struct {
		char *directory;  // relative to that of the log
		uint32_t maximum; // files
		uint64_t size;    // of a file, bytes
		uint32_t packet;  // bytes kept of one packet
	} captures;
	// [threshold NAME]
	struct {
		struct config_threshold *item;
		size_t count;
	} thresholds;
	// [poll NAME]
	struct {
		struct config_poll *item;
		size_t count;
	} polls;
	// [plugin NAME]
	struct {
		struct config_plugin *item;
		size_t count;
	} plugins;
	char **places;                                       // see config_place()
	struct config_notes *rule_places[CONFIG_RULE_COUNT]; // see config_rule_place()
};

// A snapshot with every default set, or NULL when memory is out. Start-up and control only, as all
// below.
struct config *config_create(void);

// Reads an INI file over `config`. Every mistake is reported with file, line, key, what is wrong
// and the nearest valid key; all mistakes of a file are reported, not just the first. A list that
// is given replaces the one before. Returns 0, -EINVAL after mistakes (`config` then holds what was
// right), or another negative errno, with a message, when the file cannot be read.
int config_load(struct config *config, const char *path);

// One "SECTION.KEY=VALUE" from the command line (--set). Returns 0, or -EINVAL (seldom -ENOMEM)
// with a message.
int config_set(struct config *config, const char *assignment);

// Checks what spans several keys (for instance that there are CPUs for all workers); each value by
// itself was checked when it was set. Call it once, after the file and the command line. Returns 0
// or -EINVAL with a message.
int config_finish(struct config *config);

// Where a key was set, as the beginning of a message about its value: "weir.ini:4: ", "--set
// log.format=tsv: ", or nothing when it has its default. Belongs to `config`, until the key is set
// again.
const char *config_place(const struct config *config, const char *section, const char *name);

// Which keys differ between two snapshots that cannot change while weir runs, as "[log] format,
// [plugin x] path" in `text`, which ends with "..." when it has no room for all. Returns how many.
size_t config_fixed_changes(const struct config *running, const struct config *wanted, char *text,
			    size_t size);

void config_destroy(struct config *config);

static inline bool config_ports_contain(const struct config_ports *ports, uint16_t port)
{
	return ports->bit[port / 64] >> (port % 64) & 1;
}
