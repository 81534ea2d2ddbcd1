/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config_fixture.h"

static void assert_span(const char *text, uint64_t expected)
{
	struct config_why why;
	uint64_t value;

	assert_int_equal(config_parse_scaled(&config_spans, text, &value, &why), 0);
	assert_int_equal(value, expected);
}

static void durations_are_read(void **state)
{
	assert_span("0", 0);
	assert_span("0 s", 0);
	assert_span("1ns", 1);
	assert_span("7 us", 7000);
	assert_span("250 ms", 250 * TIME_MILLISECOND);
	assert_span("300 s", 300 * TIME_SECOND);
	assert_span("300 sec", 300 * TIME_SECOND);
	assert_span("5min", 5 * TIME_MINUTE);
	assert_span("5 \t min", 5 * TIME_MINUTE);
	assert_span("1.5 h", 90 * TIME_MINUTE);
	assert_span("1 day", TIME_DAY);
	assert_span("007 d", 7 * TIME_DAY);
	assert_span("0.000000001 s", 1);
	assert_span("9223372036.854775807 s", INT64_MAX);
}

static void assert_no_value(const struct config_scale *scale, const char *text,
			    const char *expected)
{
	struct config_why why;
	uint64_t value = 42;

	assert_int_equal(config_parse_scaled(scale, text, &value, &why), -EINVAL);
	assert_string_equal(why.text, expected);
	assert_int_equal(value, 42);
}

static void a_duration_without_a_unit_is_refused(void **state)
{
	assert_no_value(&config_spans, "300", "'300' has no unit; write 300 s");
	assert_no_value(&config_spans, "1.5", "'1.5' has no unit; write 1.5 s");
}

static void durations_out_of_range_are_refused(void **state)
{
	assert_no_value(&config_spans, "213504 d",
			"'213504 d' is too large; write for instance 5 min or 300 s");
	assert_no_value(&config_spans, "1.5 ns",
			"'1.5 ns' is finer than a nanosecond; write for instance 5 min or 300 s");
	assert_no_value(
		&config_spans, "99999999999999999999 s",
		"'99999999999999999999 s' has more than 19 digits; write for instance 5 min "
		"or 300 s");
}

static void durations_that_are_no_numbers_are_refused(void **state)
{
	static const char *const text[] = {"", "s", "nan", "inf", "+5 s", ".5 s", "five"};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		char expected[128];

		snprintf(expected, sizeof(expected),
			 "'%s' is not a duration; write for instance 5 min or 300 s", text[i]);
		assert_no_value(&config_spans, text[i], expected);
	}
	assert_no_value(&config_spans, "-5 s",
			"'-5 s' is negative; write for instance 5 min or 300 s");
}

static void junk_after_a_duration_is_refused(void **state)
{
	static const char *const unit[] = {"5 s x", "5 m",    "5 Min", "5. s",
					   "1e3 s", "0x10 s", "1,5 s"};

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		struct config_why why;
		uint64_t value;

		assert_int_equal(config_parse_scaled(&config_spans, unit[i], &value, &why),
				 -EINVAL);
		assert_non_null(strstr(why.text, "is not a unit; units are ns, us, ms, s,"));
	}
}

static void assert_size(const char *text, uint64_t expected)
{
	struct config_why why;
	uint64_t value;

	assert_int_equal(config_parse_scaled(&config_sizes, text, &value, &why), 0);
	assert_int_equal(value, expected);
}

static void sizes_are_read(void **state)
{
	assert_size("4096", 4096);
	assert_size("4096 B", 4096);
	assert_size("64 MiB", 64 << 20);
	assert_size("64KiB", 64 << 10);
	assert_size("1 GB", 1000000000);
	assert_size("2 kB", 2000);
	assert_size("2 KB", 2000);
	assert_size("3 MB", 3000000);
	assert_size("1.5 GiB", UINT64_C(3) << 29);
	assert_size("1 TiB", UINT64_C(1) << 40);
}

static void wrong_sizes_are_refused(void **state)
{
	assert_no_value(
		&config_sizes, "16777216 TiB",
		"'16777216 TiB' is too large; write for instance 64 MiB, or 4096 for bytes");
	assert_no_value(&config_sizes, "1.3 KiB",
			"'1.3 KiB' is finer than a byte; write for instance 64 MiB, or 4096 for "
			"bytes");
	assert_no_value(&config_sizes, "64 mib",
			"'64 mib' is not a size, as 'mib' is not a unit; units are B, kB, KB, KiB, "
			"MB, MiB, GB, GiB, TB, TiB");
}

static void counts_take_suffixes(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *text;
		uint32_t value;
	} example[] = {{"1024", 1024},
		       {"2k", 2000},
		       {"8 Ki", 8192},
		       {"1.5 M", 1500000},
		       {"256 Mi", 268435456}};

	for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++) {
		char assignment[64];

		snprintf(assignment, sizeof(assignment), "connections.maximum=%s", example[i].text);
		assert_int_equal(config_set(fixture->config, assignment), 0);
		assert_int_equal(fixture->config->connections.maximum, example[i].value);
	}
}

static void counts_out_of_range_are_refused(void **state)
{
	assert_set_fails(
		*state, "capture.descriptors=63",
		"--set capture.descriptors=63: [capture] descriptors: '63' is out of range; "
		"write 64 to 32768");
}

static void the_message_says_what_zero_means(void **state)
{
	assert_set_fails(
		*state, "log.rotate_interval=10 ms",
		"--set log.rotate_interval=10 ms: [log] rotate_interval: '10 ms' is out of "
		"range; write 0 (never) or 1 s to 3650 d");
}

static void a_session_timer_of_zero_is_refused(void **state)
{
	assert_set_fails(*state, "timeouts.tcp_session_timer=0",
			 "--set timeouts.tcp_session_timer=0: [timeouts] tcp_session_timer: '0' is "
			 "out of range; write 1 ms to 3650 d");
}

static void inactivity_of_zero_is_accepted(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "timeouts.udp_inactivity_timeout=0"), 0);
	assert_int_equal(fixture->config->timeouts.udp_inactivity_timeout, 0);
}

static void booleans_are_read(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "Yes"};
	static const char *const no[] = {"no", "false", "off", "OFF"};
	struct config_why why;
	bool value;

	for (size_t i = 0; i < 4; i++) {
		value = false;
		assert_int_equal(config_parse_boolean(yes[i], &value, &why), 0);
		assert_true(value);
		assert_int_equal(config_parse_boolean(no[i], &value, &why), 0);
		assert_false(value);
	}
	assert_int_equal(config_parse_boolean("1", &value, &why), -EINVAL);
	assert_string_equal(why.text, "'1' is neither yes nor no; write yes or no");
}

static void port_lists_accept_commas_blanks_and_ranges(void **state)
{
	struct config_ports ports;
	struct config_why why;

	assert_int_equal(config_parse_ports("80,443, 0-2\t65535 ,7-7,", &ports, &why), 0);
	ASSERT_PORTS(&ports, 80, 443, 0, 1, 2, 65535, 7);
}

static void wrong_ports_are_refused(void **state)
{
	static const char *const text[] = {"65536", "-1", "80/tcp",     "6666-", "6666 - 6669",
					   "1-2-3", "x",  "4294967376", "80;81"};
	struct config_ports ports;
	struct config_why why;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		assert_int_equal(config_parse_ports(text[i], &ports, &why), -EINVAL);
		assert_non_null(strstr(why.text, "is not a port; write numbers from 0 to 65535"));
	}
	assert_int_equal(config_parse_ports("9-8", &ports, &why), -EINVAL);
	assert_string_equal(why.text, "the range 9-8 runs backwards; write 8-9");
}

static void prefix_lists_are_read(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "networks.local=192.0.2.0/25, 2001:db8::/32"),
			 0);
	assert_int_equal(fixture->config->networks.local.count, 2);
	assert_true(is_local(fixture->config, "192.0.2.1"));
	assert_false(is_local(fixture->config, "192.0.2.129"));
	assert_false(is_local(fixture->config, "10.0.0.1"));
}

static void wrong_prefixes_are_refused(void **state)
{
	assert_set_fails(*state, "networks.local=10.0.0.0/8 10.0.0.0/33",
			 "--set networks.local=10.0.0.0/8 10.0.0.0/33: [networks] local: "
			 "'10.0.0.0/33' is not a network; write for instance 10.0.0.0/8 or "
			 "2001:db8::/32");
}

static void a_refused_value_leaves_the_one_before(void **state)
{
	struct fixture *fixture = *state;

	config_set(fixture->config, "networks.local=10.0.0.0/8 x");
	config_set(fixture->config, "inactivity.tcp_ports=80 x");
	config_set(fixture->config, "log.rotate_name=x");
	config_set(fixture->config, "capture.interfaces=eth0 eth0");
	config_set(fixture->config, "workers.cores=1-x");
	config_set(fixture->config, "log.format=xml");
	assert_defaults(fixture->config);
}

static void interfaces_keep_the_arguments_of_virtual_devices(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "capture.interfaces=eth0,eth1, 0000:03:00.0 "
						     "net_pcap0,rx_pcap=a.pcap,infinite_rx=1,eth2"),
			 0);
	ASSERT_TEXTS(&fixture->config->capture.interfaces, "eth0", "eth1", "0000:03:00.0",
		     "net_pcap0,rx_pcap=a.pcap,infinite_rx=1", "eth2");
}

static void an_interface_given_twice_is_refused(void **state)
{
	assert_set_fails(*state, "capture.interfaces=eth0 eth1 eth0",
			 "--set capture.interfaces=eth0 eth1 eth0: [capture] interfaces: 'eth0' is "
			 "given twice; write it once");
}

static void dpdk_arguments_are_separated_by_blanks_alone(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		config_set(fixture->config, "capture.eal=-l 0,1  -a 0000:03:00.0,x=y -a z"), 0);
	ASSERT_TEXTS(&fixture->config->capture.eal, "-l", "0,1", "-a", "0000:03:00.0,x=y", "-a",
		     "z");
}

static void ranges_of_cores_are_spread_out(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "workers.cores=7, 2-4"), 0);
	ASSERT_TEXTS(&fixture->config->workers.cores, "7", "2", "3", "4");
}

static void assert_log_name(const char *name, const char *complaint)
{
	struct config_why why = {""};

	assert_int_equal(config_check_log_name(name, &why), complaint ? -EINVAL : 0);
	if (complaint)
		assert_non_null(strstr(why.text, complaint));
}

static void names_for_rotated_logs_are_checked(void **state)
{
	assert_log_name("{path}-%Y%m%dT%H%M%S.log", NULL);
	assert_log_name("%s.{path}.100%%", NULL);
	assert_log_name("conn.%Y.log", "{path}, which stands for the log's name, is missing");
	assert_log_name("{path}.log", "without a time");
	assert_log_name("{path}.%%.log", "without a time");
	assert_log_name("old/{path}.%Y.log", "must not hold a '/'");
	assert_log_name("{path}.%D.log", "'%D' cannot be used here");
	assert_log_name("{path}.%Y.%", "the last % lacks its letter");
	assert_log_name("{path}.{name}.%Y", "only {path} may stand in braces");
	assert_log_name("{path}.%Y.............................................................."
			".........................................",
			"more than 100 characters");
}

static void assert_pattern(const char *pattern, const char *complaint)
{
	struct config_why why = {""};

	assert_int_equal(config_check_pattern(pattern, &why), complaint ? -EINVAL : 0);
	if (complaint)
		assert_non_null(strstr(why.text, complaint));
}

static void regular_expressions_are_checked(void **state)
{
	assert_pattern("", NULL);
	assert_pattern("connection_(EOF|reset)", NULL);
	assert_pattern("connection_(", "'connection_(' is not a regular expression (");
	assert_pattern("[[:foo:]]", "); write one as for grep -E");
	assert_pattern("new\\", "is not a regular expression");
}

static void an_empty_expression_takes_the_place_of_one_before(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "log events.names=.*"), 0);
	assert_int_equal(config_set(fixture->config, "log events.names="), 0);
	assert_string_equal(fixture->config->log_events.names, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(durations_are_read),
		TEST(a_duration_without_a_unit_is_refused),
		TEST(durations_out_of_range_are_refused),
		TEST(durations_that_are_no_numbers_are_refused),
		TEST(junk_after_a_duration_is_refused),
		TEST(sizes_are_read),
		TEST(wrong_sizes_are_refused),
		TEST(counts_take_suffixes),
		TEST(counts_out_of_range_are_refused),
		TEST(the_message_says_what_zero_means),
		TEST(a_session_timer_of_zero_is_refused),
		TEST(inactivity_of_zero_is_accepted),
		TEST(booleans_are_read),
		TEST(port_lists_accept_commas_blanks_and_ranges),
		TEST(wrong_ports_are_refused),
		TEST(prefix_lists_are_read),
		TEST(wrong_prefixes_are_refused),
		TEST(a_refused_value_leaves_the_one_before),
		TEST(interfaces_keep_the_arguments_of_virtual_devices),
		TEST(an_interface_given_twice_is_refused),
		TEST(dpdk_arguments_are_separated_by_blanks_alone),
		TEST(ranges_of_cores_are_spread_out),
		TEST(names_for_rotated_logs_are_checked),
		TEST(regular_expressions_are_checked),
		TEST(an_empty_expression_takes_the_place_of_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
