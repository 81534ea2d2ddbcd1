/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "settings.h"

#include "base/message.h"
#include "config/suggest.h"
#include "log/log_conn.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_BIT(column) (UINT32_C(1) << LOG_CONN_##column)
#define LINK_COLUMNS                                                                               \
	(COLUMN_BIT(VLAN) | COLUMN_BIT(INNER_VLAN) | COLUMN_BIT(ORIG_L2_ADDR) |                    \
	 COLUMN_BIT(RESP_L2_ADDR))
#define SEGMENT_COLUMNS                                                                            \
	(COLUMN_BIT(ORIG_RETRANSMITTED) | COLUMN_BIT(RESP_RETRANSMITTED) |                         \
	 COLUMN_BIT(ORIG_OUT_OF_ORDER) | COLUMN_BIT(RESP_OUT_OF_ORDER))

static_assert(sizeof(struct conn_ports) == sizeof(struct config_ports), "one bit for each port");

void settings_log(const struct config *config, bool live, struct log_options *log)
{
	*log = (struct log_options){
		.directory = config->log.directory,
		.format = config->log.format == CONFIG_LOG_JSON ? LOG_FORMAT_JSON : LOG_FORMAT_TSV,
		.rotate_interval = config->log.rotate_interval,
		.rotate_size = config->log.rotate_size,
		.rotate_name = config->log.rotate_name,
		.flush_interval = config->log.flush_interval,
		// A trace that is read again replaces its log; a sensor never overwrites one.
		.keep_existing = live,
		.retry = live,
		.local = config->networks.local.item,
		.local_count = config->networks.local.count,
		.community_seed = (uint16_t)config->log.community_id_seed,
	};
	settings_columns(config, &log->columns);
}

static int find_column(const char *name)
{
	for (int column = 0; column < LOG_CONN_OPTIONAL_COUNT; column++) {
		if (strcmp(log_conn_column_name(column), name) == 0)
			return column;
	}
	return -EINVAL;
}

static void complain_column(const struct config *config, const char *name)
{
	const char *place = config_place(config, "log", "columns");
	const char *names[LOG_CONN_OPTIONAL_COUNT], *nearest;
	char all[512] = "";
	size_t length = 0;

	for (int i = 0; i < LOG_CONN_OPTIONAL_COUNT; i++) {
		names[i] = log_conn_column_name(i);
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s",
					   i > 0 ? ", " : "", names[i]);
		if (length >= sizeof(all))
			break;
	}
	nearest = config_suggest_word(name, names, LOG_CONN_OPTIONAL_COUNT);
	if (nearest != NULL)
		message_error(
			"%.200s[log] columns: '%.60s' is no optional column; did you mean '%s'? "
			"There are %s",
			place, name, nearest, all);
	else
		message_error("%.200s[log] columns: '%.60s' is no optional column; there are %s",
			      place, name, all);
}

int settings_columns(const struct config *config, uint32_t *columns)
{
	*columns = 0;
	for (size_t i = 0; i < config->log.columns.count; i++) {
		int column = find_column(config->log.columns.item[i]);

		if (column < 0) {
			complain_column(config, config->log.columns.item[i]);
			return -EINVAL;
		}
		*columns |= UINT32_C(1) << column;
	}
	return 0;
}

void settings_ports(const struct options *options, struct port_settings *ports)
{
	const struct config *config = options->config;

	*ports = (struct port_settings){
		.names = options->devices,
		.name_count = options->device_count,
		.workers = config->workers.count,
		.queues = config->capture.queues,
		.descriptors = (uint16_t)config->capture.descriptors,
		.buffers = config->capture.buffers,
		.buffer_size = config->capture.buffer_size,
		.promiscuous = config->capture.promiscuous,
		.hugepages = config->capture.hugepages,
		.memory = config->capture.memory,
		.cores = (const char *const *)config->workers.cores.item,
		.core_count = (uint32_t)config->workers.cores.count,
		.eal = (const char *const *)config->capture.eal.item,
		.eal_count = (uint32_t)config->capture.eal.count,
	};
}

static void add_ports(struct packet_tunnels *tunnels, const struct config_ports *ports,
		      enum packet_tunnel kind)
{
	for (uint32_t port = 0; port < 65536; port++) {
		if (config_ports_contain(ports, (uint16_t)port))
			tunnels->kind[port] = (uint8_t)kind;
	}
}

const struct packet_tunnels *settings_tunnels(const struct config *config,
					      struct packet_tunnels *tunnels)
{
	*tunnels = (struct packet_tunnels){.depth = (uint8_t)config->tunnels.max_depth};
	add_ports(tunnels, &config->tunnels.ayiya_ports, PACKET_TUNNEL_AYIYA);
	add_ports(tunnels, &config->tunnels.geneve_ports, PACKET_TUNNEL_GENEVE);
	add_ports(tunnels, &config->tunnels.gre_ports, PACKET_TUNNEL_GRE);
	add_ports(tunnels, &config->tunnels.gtp_ports, PACKET_TUNNEL_GTP);
	add_ports(tunnels, &config->tunnels.teredo_ports, PACKET_TUNNEL_TEREDO);
	add_ports(tunnels, &config->tunnels.vxlan_ports, PACKET_TUNNEL_VXLAN);
	return tunnels->depth > 0 ? tunnels : NULL;
}

void settings_reader(const struct options *options, const struct conn_settings *conn,
		     struct reader_settings *reader)
{
	const struct config *config = options->config;

	*reader = (struct reader_settings){
		.paths = options->traces,
		.path_count = options->trace_count,
		.workers = config->workers.count,
		.fragments = config->fragments.maximum,
		.fragment_timeout = config->timeouts.frag_timeout,
		.ignore_checksums = config->capture.ignore_checksums,
	};
	memcpy(reader->secret, conn->secret, sizeof(reader->secret));
}

void settings_replay(const struct options *options, struct replay_settings *replay)
{
	const struct config *config = options->config;

	*replay = (struct replay_settings){
		.paths = options->traces,
		.path_count = options->trace_count,
		.workers = config->workers.count,
		.rounds = config->replay.rounds,
		.opening = config->replay.opening,
		.new_addresses = config->replay.new_addresses,
		.ignore_checksums = config->capture.ignore_checksums,
		.hugepages = config->capture.hugepages,
	};
}

// Each worker gets its share, and a little more, because the hash does not deal out to the last
// one.
static uint32_t share(uint32_t maximum, uint32_t workers)
{
	uint32_t each = (maximum + workers - 1) / workers;

	return workers == 1 ? maximum : each + each / 16 + 64;
}

static void complain_events(const struct config *config)
{
	char all[640] = "";
	size_t length = 0;

	for (int kind = 0; kind < CONN_EVENT_COUNT && length < sizeof(all); kind++)
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s",
					   kind > 0 ? ", " : "", conn_event_name(kind));
	message_error("%.200s[log events] names: '%.60s' matches the name of no event; write for "
		      "instance connection_.*, or .* for all; there are %s",
		      config_place(config, "log events", "names"), config->log_events.names, all);
}

int settings_events(const struct config *config, uint32_t *events)
{
	char *whole = NULL;
	regex_t regex;

	*events = 0;
	if (config->log_events.names[0] == '\0')
		return 0;
	if (asprintf(&whole, "^(%s)$", config->log_events.names) < 0 ||
	    regcomp(&regex, whole, REG_EXTENDED | REG_NOSUB) != 0) {
		free(whole);
		message_error("[log events] names: not enough memory for the expression");
		return -ENOMEM;
	}
	for (int kind = 0; kind < CONN_EVENT_COUNT; kind++) {
		if (regexec(&regex, conn_event_name(kind), 0, NULL, 0) == 0)
			*events |= UINT32_C(1) << kind;
	}
	regfree(&regex);
	free(whole);
	if (*events != 0)
		return 0;
	complain_events(config);
	return -EINVAL;
}

int settings_conn(const struct options *options, uint32_t workers, struct conn_settings *conn)
{
	const struct config *config = options->config;
	struct packet_decoder decoder;
	bool replay = config->capture.source == CONFIG_SOURCE_REPLAY;
	bool file = options->trace_count > 0 && !replay;
	uint32_t columns;
	int result;

	*conn = (struct conn_settings){
		.maximum = share(config->connections.maximum, workers),
		.hugepages = !file && config->capture.hugepages,
		.exact_time = file,
		.timers_a_packet = config->timeouts.max_timer_expires,
		.inactivity =
			{
				[CONN_TIMEOUT_TCP_HANDSHAKE] =
					config->timeouts.tcp_handshake_inactivity_timeout,
				[CONN_TIMEOUT_TCP] = config->timeouts.tcp_inactivity_timeout,
				[CONN_TIMEOUT_TCP_LONG] = config->inactivity.tcp_ports_timeout,
				[CONN_TIMEOUT_UDP] = config->timeouts.udp_inactivity_timeout,
				[CONN_TIMEOUT_ICMP] = config->timeouts.icmp_inactivity_timeout,
				[CONN_TIMEOUT_OTHER] =
					config->timeouts.unknown_ip_inactivity_timeout,
			},
		.tcp_attempt_delay = config->timeouts.tcp_attempt_delay,
		.tcp_syn_timeout = config->timeouts.tcp_SYN_timeout,
		.tcp_session_timer = config->timeouts.tcp_session_timer,
		.tcp_connection_linger = config->timeouts.tcp_connection_linger,
		.tcp_close_delay = config->timeouts.tcp_close_delay,
		.dns_session_timeout = config->timeouts.dns_session_timeout,
		.tcp_reset_delay = config->timeouts.tcp_reset_delay,
		.tcp_partial_close_delay = config->timeouts.tcp_partial_close_delay,
		.connection_status_update_interval =
			config->timeouts.connection_status_update_interval,
	};
	settings_columns(config, &columns);
	conn->keep_link = columns & LINK_COLUMNS;
	conn->count_segments = columns & SEGMENT_COLUMNS;
	result = settings_events(config, &conn->events);
	if (result < 0)
		return result;
	memcpy(&conn->long_lived_tcp, &config->inactivity.tcp_ports, sizeof(conn->long_lived_tcp));
	memcpy(&conn->likely_server_tcp, &config->ports.likely_server_tcp,
	       sizeof(conn->likely_server_tcp));
	memcpy(&conn->likely_server_udp, &config->ports.likely_server_udp,
	       sizeof(conn->likely_server_udp));
	result = uid_key_random(&conn->uid_key);
	if (result == 0)
		result = packet_decoder_secret(&decoder);
	if (result < 0) {
		message_error("the kernel gives no random numbers: %s", strerror(-result));
		return result;
	}
	memcpy(conn->secret, decoder.secret, sizeof(conn->secret));
	return 0;
}
