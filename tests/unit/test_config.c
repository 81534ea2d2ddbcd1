/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config_fixture.h"

// Usage: test_config PATH-OF-weir.ini

static const char *weir_ini;

static void each_row_of_the_table_fits_its_member(void **state)
{
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		switch (key->kind) {
		case CONFIG_BOOLEAN:
			assert_int_equal(key->size, sizeof(bool));
			break;
		case CONFIG_COUNT:
		case CONFIG_SIZE:
			assert_true(key->size == 8 || (key->size == 4 && key->max <= UINT32_MAX));
			assert_true(key->max > key->min);
			break;
		case CONFIG_SPAN:
			assert_int_equal(key->size, sizeof(uint64_t));
			assert_true(key->max > key->min);
			break;
		case CONFIG_PORTS:
			assert_int_equal(key->size, sizeof(struct config_ports));
			break;
		case CONFIG_PREFIXES:
			assert_int_equal(key->size, sizeof(struct config_prefixes));
			break;
		case CONFIG_DEVICES:
		case CONFIG_WORDS:
		case CONFIG_NAMES:
		case CONFIG_CORES:
			assert_int_equal(key->size, sizeof(struct config_texts));
			break;
		case CONFIG_PATH:
		case CONFIG_LOG_NAME:
		case CONFIG_PATTERN:
		case CONFIG_SOCKET:
		case CONFIG_FILTER:
		case CONFIG_ABOVE:
			assert_int_equal(key->size, sizeof(char *));
			break;
		case CONFIG_SOURCE:
			assert_int_equal(key->size, sizeof(enum config_source));
			break;
		case CONFIG_LOG_FORMAT:
			assert_int_equal(key->size, sizeof(enum config_log_format));
			break;
		case CONFIG_TIMED_PORTS:
			assert_int_equal(key->size, sizeof(struct config_ports));
			assert_true(key->spans > 0 && key->spans < sizeof(struct config));
			break;
		case CONFIG_SERVICES:
			assert_int_equal(key->size, sizeof(struct config_spans));
			break;
		case CONFIG_FEATURE:
			assert_int_equal(key->size, sizeof(enum config_feature));
			break;
		case CONFIG_MODE:
		case CONFIG_ACTIONS:
			assert_int_equal(key->size, sizeof(uint32_t));
			break;
		case CONFIG_OTHER:
			fail_msg("a further key of a plugin has no row");
		}
	}
}

static void no_key_stands_twice_in_the_table(void **state)
{
	for (size_t i = 0; i < config_key_count; i++)
		assert_ptr_equal(config_key_find(config_keys[i].section, config_keys[i].name),
				 &config_keys[i]);
}

static void defaults_are_set(void **state)
{
	const struct config *c = ((struct fixture *)*state)->config;

	assert_int_equal(c->capture.interfaces.count, 0);
	assert_false(c->capture.ignore_checksums);
	assert_true(c->capture.promiscuous);
	assert_int_equal(c->capture.queues, 0);
	assert_int_equal(c->capture.descriptors, 4096);
	assert_int_equal(c->capture.buffers, 0);
	assert_int_equal(c->capture.buffer_size, 2048);
	assert_true(c->capture.hugepages);
	assert_int_equal(c->capture.memory, 0);
	assert_int_equal(c->capture.eal.count, 0);
	assert_int_equal(c->workers.count, 1);
	assert_int_equal(c->workers.cores.count, 0);
	assert_int_equal(c->connections.maximum, 4194304);
	assert_int_equal(c->fragments.maximum, 256);
	assert_int_equal(c->timeouts.tcp_attempt_delay, 5 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_SYN_timeout, 5 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_session_timer, 6 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_connection_linger, 5 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_close_delay, 5 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_handshake_inactivity_timeout, 60 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_inactivity_timeout, 5 * TIME_MINUTE);
	assert_int_equal(c->timeouts.udp_inactivity_timeout, TIME_MINUTE);
	assert_int_equal(c->timeouts.icmp_inactivity_timeout, TIME_MINUTE);
	assert_int_equal(c->timeouts.unknown_ip_inactivity_timeout, TIME_MINUTE);
	assert_int_equal(c->timeouts.dns_session_timeout, 10 * TIME_SECOND);
	assert_int_equal(c->timeouts.frag_timeout, 5 * TIME_MINUTE);
	assert_int_equal(c->timeouts.tcp_reset_delay, 5 * TIME_SECOND);
	assert_int_equal(c->timeouts.tcp_partial_close_delay, 3 * TIME_SECOND);
	assert_int_equal(c->timeouts.connection_status_update_interval, 0);
	assert_int_equal(c->inactivity.tcp_ports_timeout, TIME_HOUR);
	assert_int_equal(c->inactivity.tcp_port_spans.count, 0);
	assert_int_equal(c->inactivity.services_timeout, TIME_HOUR);
	assert_int_equal(c->inactivity.services.count, 2);
	assert_string_equal(c->log.directory, ".");
	assert_int_equal(c->log.format, CONFIG_LOG_TSV);
	assert_int_equal(c->log.rotate_interval, 0);
	assert_int_equal(c->log.rotate_size, 0);
	assert_string_equal(c->log.rotate_name, "{path}.%Y-%m-%d-%H-%M-%S.log");
	assert_int_equal(c->log.flush_interval, TIME_SECOND);
	assert_string_equal(c->log_events.names, "");
	assert_string_equal(c->control.socket, "auto");
	assert_int_equal(c->control.mode, 0600);
	assert_int_equal(c->control.listing_rest, 8);
	assert_string_equal(c->captures.directory, "captures");
	assert_int_equal(c->captures.maximum, 100);
	assert_int_equal(c->captures.size, 10 << 20);
	assert_int_equal(c->captures.packet, 2048);
}

static void default_ports_are_those_of_zeek(void **state)
{
	const struct config *c = ((struct fixture *)*state)->config;

	ASSERT_PORTS(&c->inactivity.tcp_ports, 21, 22, 23, 513);
	ASSERT_PORTS(&c->ports.likely_server_tcp, 21, 22, 25, 53, 79, 80, 81, 88, 135, 139, 143,
		     389, 443, 445, 465, 502, 514, 563, 585, 587, 614, 631, 636, 989, 990, 992, 993,
		     995, 1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223, 5269, 5432,
		     6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000);
	ASSERT_PORTS(&c->ports.likely_server_udp, 53, 67, 88, 123, 137, 161, 162, 389, 443, 514,
		     1812, 2123, 2152, 3389, 3544, 4011, 4754, 4789, 5060, 5072, 5353, 5355, 6081,
		     20000);
}

static void default_local_networks_are_private_address_space(void **state)
{
	const struct config *c = ((struct fixture *)*state)->config;

	assert_int_equal(c->networks.local.count, 42);
	assert_true(is_local(c, "10.1.2.3"));
	assert_true(is_local(c, "192.168.255.1"));
	assert_true(is_local(c, "255.255.255.255"));
	assert_true(is_local(c, "fe80::1"));
	assert_true(is_local(c, "::1"));
	assert_true(is_local(c, "224.0.0.251"));
	assert_true(is_local(c, "239.1.1.1"));
	assert_true(is_local(c, "2002:a01::1"));
	assert_false(is_local(c, "224.2.127.254"));
	assert_false(is_local(c, "ff02::fb"));
	assert_false(is_local(c, "8.8.8.8"));
	assert_false(is_local(c, "2600::1"));
}

static void an_assignment_is_set(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, " log . directory = /a.b=c "), 0);
	assert_string_equal(fixture->config->log.directory, "/a.b=c");
}

static void an_assignment_goes_over_the_file_and_the_one_before(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "[workers]\ncount = 2\n"), 0);
	assert_int_equal(config_set(fixture->config, "workers.count=3"), 0);
	assert_int_equal(config_set(fixture->config, "workers.count=4"), 0);
	assert_int_equal(fixture->config->workers.count, 4);
}

static void a_value_is_traced_to_its_line(void **state)
{
	struct fixture *fixture = *state;
	char expected[64];

	assert_int_equal(load(fixture, "[log events]\n\nnames = new.*\n"), 0);
	snprintf(expected, sizeof(expected), "%s:3: ", fixture->path);
	assert_string_equal(config_place(fixture->config, "log events", "names"), expected);
}

static void a_value_is_traced_to_the_assignment_that_came_last(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "[workers]\ncount = 2\n"), 0);
	assert_int_equal(config_set(fixture->config, "workers.count=3"), 0);
	assert_int_equal(config_set(fixture->config, "workers.count=x"), -EINVAL);
	assert_string_equal(config_place(fixture->config, "workers", "count"),
			    "--set workers.count=3: ");
}

static void a_default_is_traced_to_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(config_place(fixture->config, "log", "format"), "");
	assert_int_equal(config_set(fixture->config, "workers.count=3"), 0);
	assert_string_equal(config_place(fixture->config, "log", "format"), "");
}

static void an_assignment_to_an_unknown_key_is_refused(void **state)
{
	assert_set_fails(
		*state, "log.fromat=json",
		"--set log.fromat=json: [log] fromat: unknown key; did you mean 'format'?");
}

static void an_assignment_to_an_unknown_section_is_refused(void **state)
{
	assert_set_fails(
		*state, "worker.count=2",
		"--set worker.count=2: [worker]: unknown section; did you mean [workers]?");
}

static void an_assignment_without_a_section_is_refused(void **state)
{
	assert_set_fails(*state, "format=json",
			 "--set format=json: the section is missing; write --set log.format=json");
}

static void an_assignment_without_a_value_is_refused(void **state)
{
	assert_set_fails(*state, "log.format",
			 "--set log.format: '=' is missing; write --set SECTION.KEY=VALUE");
}

static void fewer_cores_than_workers_are_refused(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "workers.count=4"), 0);
	assert_int_equal(config_finish(fixture->config), 0);
	assert_int_equal(config_set(fixture->config, "workers.cores=2 3"), 0);
	assert_int_equal(config_finish(fixture->config), -EINVAL);
	assert_messages(fixture, "[workers] cores: 2 CPUs for 4 workers; name at least 4 CPUs, or "
				 "leave cores empty");
}

static void the_shipped_file_holds_exactly_the_defaults(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_load(fixture->config, weir_ini), 0);
	assert_messages(fixture, "");
	assert_defaults(fixture->config);
}

static void the_shipped_file_holds_every_key_once(void **state)
{
	char line[1024], section[64] = "", name[64];
	unsigned seen[128] = {0};
	FILE *file = fopen(weir_ini, "r");

	assert_non_null(file);
	assert_true(config_key_count <= 128);
	while (fgets(line, sizeof(line), file)) {
		const struct config_key *key;

		if (sscanf(line, "[%63[^]]]", section) == 1 ||
		    sscanf(line, "%63[a-zA-Z_] =", name) != 1)
			continue;
		key = config_key_find(section, name);
		assert_non_null(key);
		seen[key - config_keys]++;
	}
	fclose(file);
	for (size_t i = 0; i < config_key_count; i++)
		if (seen[i] != (config_keys[i].rule == CONFIG_RULE_NONE))
			fail_msg("[%s] %s stands %u times in %s", config_keys[i].section,
				 config_keys[i].name, seen[i], weir_ini);
}

// Examples are lines with a '#' directly in front; other comments have a blank behind it.
static char *read_examples(void)
{
	FILE *file = fopen(weir_ini, "r");
	char line[1024], *text;
	size_t size;
	FILE *examples = open_memstream(&text, &size);

	assert_non_null(file);
	assert_non_null(examples);
	while (fgets(line, sizeof(line), file))
		if (line[0] == '#' && line[1] > ' ')
			fputs(line + 1, examples);
	fclose(file);
	fclose(examples);
	return text;
}

static void the_examples_in_the_shipped_file_are_right(void **state)
{
	struct fixture *fixture = *state;
	char *text = read_examples();

	assert_int_equal(load(fixture, text), 0);
	assert_int_equal(config_finish(fixture->config), 0);
	assert_messages(fixture, "");
	assert_int_equal(fixture->config->thresholds.count, 2);
	assert_int_equal(fixture->config->polls.count, 1);
	assert_int_equal(fixture->config->plugins.count, 1);
	free(text);
}

static void the_examples_in_the_shipped_file_show_every_key_of_a_rule(void **state)
{
	char *text = read_examples();

	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];
		char line[64];
		char *section;

		if (key->rule == CONFIG_RULE_NONE)
			continue;
		snprintf(line, sizeof(line), "[%s ", key->section);
		section = strstr(text, line);
		assert_non_null(section);
		snprintf(line, sizeof(line), "\n%s = ", key->name);
		if (!strstr(section, line))
			fail_msg("[%s] %s is not shown", key->section, key->name);
	}
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(each_row_of_the_table_fits_its_member),
		TEST(no_key_stands_twice_in_the_table),
		TEST(defaults_are_set),
		TEST(default_ports_are_those_of_zeek),
		TEST(default_local_networks_are_private_address_space),
		TEST(an_assignment_is_set),
		TEST(an_assignment_goes_over_the_file_and_the_one_before),
		TEST(a_value_is_traced_to_its_line),
		TEST(a_value_is_traced_to_the_assignment_that_came_last),
		TEST(a_default_is_traced_to_nothing),
		TEST(an_assignment_to_an_unknown_key_is_refused),
		TEST(an_assignment_to_an_unknown_section_is_refused),
		TEST(an_assignment_without_a_section_is_refused),
		TEST(an_assignment_without_a_value_is_refused),
		TEST(fewer_cores_than_workers_are_refused),
		TEST(the_shipped_file_holds_exactly_the_defaults),
		TEST(the_shipped_file_holds_every_key_once),
		TEST(the_examples_in_the_shipped_file_are_right),
		TEST(the_examples_in_the_shipped_file_show_every_key_of_a_rule),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s PATH-OF-weir.ini\n", argv[0]);
		return 2;
	}
	weir_ini = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
