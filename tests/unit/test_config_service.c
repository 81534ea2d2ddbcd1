/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config_fixture.h"

// Ports and services with a time of their own, the socket for requests, and captures.

static void ports_may_carry_a_time(void **state)
{
	struct fixture *fixture = *state;
	const struct config_spans *spans = &fixture->config->inactivity.tcp_port_spans;

	assert_int_equal(config_set(fixture->config,
				    "inactivity.tcp_ports=21, 22=2h,23=1.5min 6000-6003=0 , 513"),
			 0);
	ASSERT_PORTS(&fixture->config->inactivity.tcp_ports, 21, 22, 23, 513, 6000, 6001, 6002,
		     6003);
	assert_int_equal(spans->count, 3);
	assert_int_equal(spans->item[0].first, 22);
	assert_int_equal(spans->item[0].last, 22);
	assert_int_equal(spans->item[0].span, 2 * TIME_HOUR);
	assert_int_equal(spans->item[1].first, 23);
	assert_int_equal(spans->item[1].span, 90 * TIME_SECOND);
	assert_int_equal(spans->item[2].first, 6000);
	assert_int_equal(spans->item[2].last, 6003);
	assert_int_equal(spans->item[2].span, 0);
}

static void a_new_list_takes_the_place_of_the_times_before(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "inactivity.tcp_ports=22=2h"), 0);
	assert_int_equal(config_set(fixture->config, "inactivity.tcp_ports=22"), 0);
	assert_int_equal(fixture->config->inactivity.tcp_port_spans.count, 0);
	assert_int_equal(config_set(fixture->config, "inactivity.tcp_ports="), 0);
	assert_false(config_ports_contain(&fixture->config->inactivity.tcp_ports, 22));
}

static void services_may_carry_a_time(void **state)
{
	struct fixture *fixture = *state;
	const struct config_spans *services = &fixture->config->inactivity.services;

	assert_int_equal(config_set(fixture->config, "inactivity.services=ssh=2h, krb_tcp irc=0"),
			 0);
	assert_int_equal(services->count, 3);
	assert_string_equal(services->item[0].name, "ssh");
	assert_int_equal(services->item[0].span, 2 * TIME_HOUR);
	assert_string_equal(services->item[1].name, "krb_tcp");
	assert_int_equal(services->item[1].span, UINT64_MAX);
	assert_int_equal(services->item[2].span, 0);
}

static void default_services_are_those_of_zeek(void **state)
{
	struct fixture *fixture = *state;
	const struct config_spans *services = &fixture->config->inactivity.services;

	assert_int_equal(services->count, 2);
	assert_string_equal(services->item[0].name, "ftp");
	assert_int_equal(services->item[0].span, UINT64_MAX);
	assert_string_equal(services->item[1].name, "ssh");
	assert_int_equal(services->item[1].span, UINT64_MAX);
}

static void lists_with_times_may_go_on_in_indented_lines(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config = fixture->config;

	assert_int_equal(load(fixture, "[inactivity]\ntcp_ports = 21,\n  22=2h\n"
				       "services = ftp,\n  ssh=2h, irc\n  smtp=1h # mail\n"
				       "  services_timeout=3h\n"),
			 0);
	ASSERT_PORTS(&config->inactivity.tcp_ports, 21, 22);
	assert_int_equal(config->inactivity.tcp_port_spans.count, 1);
	assert_int_equal(config->inactivity.services.count, 4);
	assert_string_equal(config->inactivity.services.item[3].name, "smtp");
	assert_int_equal(config->inactivity.services_timeout, 3 * TIME_HOUR);
}

static void assert_refused(struct fixture *fixture, const char *key, const char *value,
			   const char *why)
{
	char assignment[256], message[1024];

	snprintf(assignment, sizeof(assignment), "%s=%s", key, value);
	assert_int_equal(config_set(fixture->config, assignment), -EINVAL);
	fflush(stderr);
	snprintf(message, sizeof(message), "weir: error: --set %s: ", assignment);
	assert_non_null(strstr(fixture->messages, message));
	if (!strstr(strstr(fixture->messages, message), why))
		fail_msg("%s", fixture->messages);
	assert_defaults(fixture->config);
}

static void wrong_times_are_refused(void **state)
{
	static const char *const text[] = {"22=",    "22=2",   "22=2 h",  "22=h",
					   "22==1h", "22=-1h", "22=1h=2h"};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_refused(*state, "inactivity.tcp_ports", text[i],
			       "write for instance 22=2h, without blanks");
	assert_refused(*state, "inactivity.tcp_ports", "22=1us",
		       "'22=1us' is out of range; write 0 (never) or 1 ms to 3650 d");
	assert_refused(*state, "inactivity.tcp_ports", "22=4000d", "is out of range");
	assert_refused(*state, "inactivity.tcp_ports", "=1h", "'' is not a port");
	assert_refused(*state, "inactivity.tcp_ports", "70000=1h", "'70000' is not a port");
	assert_refused(*state, "inactivity.tcp_ports", "9-8=1h", "runs backwards");
	assert_refused(*state, "inactivity.services", "ssh=2", "write for instance ssh=2h");
}

static void a_time_of_great_length_is_refused(void **state)
{
	char value[200] = "22=";

	memset(value + 3, '0', 100);
	assert_refused(*state, "inactivity.tcp_ports", value, "without blanks");
}

static void a_port_with_two_times_is_refused(void **state)
{
	static const char *const text[] = {"22=1h 22=2h", "20-25=1h, 22=2h", "22, 22=2h",
					   "22=2h, 20-25"};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_refused(*state, "inactivity.tcp_ports", text[i],
			       "is in the list before, with another time; write each port once");
}

static void a_port_may_stand_twice_without_a_time(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "inactivity.tcp_ports=22 20-22 63-128 127"),
			 0);
	assert_true(config_ports_contain(&fixture->config->inactivity.tcp_ports, 63));
	assert_true(config_ports_contain(&fixture->config->inactivity.tcp_ports, 64));
	assert_true(config_ports_contain(&fixture->config->inactivity.tcp_ports, 128));
	assert_false(config_ports_contain(&fixture->config->inactivity.tcp_ports, 62));
	assert_false(config_ports_contain(&fixture->config->inactivity.tcp_ports, 129));
}

static void wrong_services_are_refused(void **state)
{
	assert_refused(*state, "inactivity.services", "ssh ftp ssh=1h",
		       "'ssh' is given twice; write it once");
	assert_refused(*state, "inactivity.services", "=1h", "is not the name of a service");
	assert_refused(*state, "inactivity.services", "a/b", "is not the name of a service");
	assert_refused(*state, "inactivity.services", "s2345678901234567890123456789012",
		       "is not the name of a service");
}

static void a_huge_list_of_services_is_refused_soon(void **state)
{
	struct fixture *fixture = *state;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fputs("[inactivity]\nservices =\n", file);
	for (int i = 0; i < 100000; i++)
		fprintf(file, " s%d\n", i);
	fclose(file);
	assert_load_fails(fixture, text,
			  "@:2: [inactivity] services: more than 4096 items; write fewer");
	free(text);
}

static void a_huge_list_of_ports_is_read(void **state)
{
	struct fixture *fixture = *state;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fputs("[inactivity]\ntcp_ports =\n", file);
	for (int i = 0; i < 65536; i++)
		fprintf(file, " %d=1h\n", i);
	fclose(file);
	assert_int_equal(load(fixture, text), 0);
	assert_int_equal(fixture->config->inactivity.tcp_port_spans.count, 65536);
	free(text);
}

static void the_mode_of_the_socket_is_octal(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_set(fixture->config, "control.mode=0660"), 0);
	assert_int_equal(fixture->config->control.mode, 0660);
	assert_int_equal(config_set(fixture->config, "control.mode=777"), 0);
	assert_int_equal(fixture->config->control.mode, 0777);
}

static void a_wrong_mode_is_refused(void **state)
{
	static const char *const text[] = {"0",     "60",  "0800",  "1777",
					   "00600", "rw-", "0x1ff", "-600"};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		assert_refused(*state, "control.mode", text[i],
			       "is not a file mode; write three octal digits with a 0 in front, "
			       "such as 0600 or 0660");
}

static void the_socket_is_a_path_or_a_word(void **state)
{
	struct fixture *fixture = *state;
	char assignment[256] = "control.socket=/";

	assert_int_equal(config_set(fixture->config, "control.socket=none"), 0);
	assert_string_equal(fixture->config->control.socket, "none");
	memset(assignment + strlen(assignment), 'x', 106);
	assert_int_equal(config_set(fixture->config, assignment), 0);
	assert_int_equal(strlen(fixture->config->control.socket), 107);
}

static void a_wrong_socket_is_refused(void **state)
{
	char path[128];

	memset(path, 'x', 108);
	path[108] = '\0';
	assert_refused(*state, "control.socket", path,
		       "the path has 108 characters, but that of a socket at most 107");
	assert_refused(*state, "control.socket", "None", "did you mean 'none'?");
	assert_refused(*state, "control.socket", "", "the value is missing; the default is auto");
}

static void captures_are_bounded(void **state)
{
	assert_refused(*state, "captures.maximum", "0", "write 1 to 10000");
	assert_refused(*state, "captures.maximum", "10001", "write 1 to 10000");
	assert_refused(*state, "captures.size", "63 KiB", "write 64 KiB to 1 TiB");
	assert_refused(*state, "captures.packet", "63", "write 64 B to 2 KiB");
	assert_refused(*state, "captures.packet", "2049", "write 64 B to 2 KiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ports_may_carry_a_time),
		TEST(a_new_list_takes_the_place_of_the_times_before),
		TEST(services_may_carry_a_time),
		TEST(default_services_are_those_of_zeek),
		TEST(lists_with_times_may_go_on_in_indented_lines),
		TEST(wrong_times_are_refused),
		TEST(a_time_of_great_length_is_refused),
		TEST(a_port_with_two_times_is_refused),
		TEST(a_port_may_stand_twice_without_a_time),
		TEST(wrong_services_are_refused),
		TEST(a_huge_list_of_services_is_refused_soon),
		TEST(a_huge_list_of_ports_is_read),
		TEST(the_mode_of_the_socket_is_octal),
		TEST(a_wrong_mode_is_refused),
		TEST(the_socket_is_a_path_or_a_word),
		TEST(a_wrong_socket_is_refused),
		TEST(captures_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
