/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config_fixture.h"

static void a_file_is_read_over_the_defaults(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "[log]\ndirectory = /var/log/my logs\nformat=json\n"
				       "[workers]\ncount = 4\n"),
			 0);
	assert_string_equal(fixture->config->log.directory, "/var/log/my logs");
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
	assert_int_equal(fixture->config->workers.count, 4);
	assert_int_equal(fixture->config->fragments.maximum, 256);
	assert_messages(fixture, "");
}

static void an_empty_file_leaves_the_defaults(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, ""), 0);
	assert_defaults(fixture->config);
}

static void a_list_in_a_file_replaces_the_default_list(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "[inactivity]\ntcp_ports = 8080\n[networks]\nlocal =\n"), 0);
	ASSERT_PORTS(&fixture->config->inactivity.tcp_ports, 8080);
	assert_int_equal(fixture->config->networks.local.count, 0);
}

static void a_list_may_go_on_in_indented_lines(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "[inactivity]\ntcp_ports = 1,2 # two\n\t3\n\n  # none\n"
				       "    4-5 ; more\n[log]\n"),
			 0);
	ASSERT_PORTS(&fixture->config->inactivity.tcp_ports, 1, 2, 3, 4, 5);
}

static void indented_keys_are_keys(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "  [log]\n  directory = /x\n  format = json\n"), 0);
	assert_string_equal(fixture->config->log.directory, "/x");
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
}

static void a_single_value_does_not_go_on_in_the_next_line(void **state)
{
	assert_load_fails(*state, "[log]\ndirectory = /x\n  and more\n  and more\n",
			  "@:3: [log] directory: takes one value on one line, but this indented "
			  "line continues it; write 'key = value', or '#' before a comment");
}

static void comments_are_skipped(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "# one\n; two\n  # three\n[log] # four\n"
				       "directory = /a#b;c # five\nformat = json ; six\n"),
			 0);
	assert_string_equal(fixture->config->log.directory, "/a#b;c");
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
}

static void a_byte_order_mark_and_crlf_are_accepted(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "\xef\xbb\xbf[log]\r\ndirectory = /x\r\n\r\nformat = json"),
			 0);
	assert_string_equal(fixture->config->log.directory, "/x");
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
}

static void a_section_may_come_twice(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		load(fixture, "[log]\nformat=json\n[workers]\ncount=2\n[log]\ndirectory=/x"), 0);
	assert_string_equal(fixture->config->log.directory, "/x");
}

// How long a line may be depends on how inih was built.
static void a_long_line_is_read_whole_or_refused(void **state)
{
	struct fixture *fixture = *state;
	const struct config_ports *ports = &fixture->config->inactivity.tcp_ports;
	char text[16000] = "[inactivity]\ntcp_ports = ";
	size_t length = strlen(text);

	while (length < sizeof(text) - 16)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s", "1000 ");
	strcpy(text + length, "65535");
	if (load(fixture, text) == 0)
		ASSERT_PORTS(ports, 1000, 65535);
	else
		ASSERT_PORTS(ports, 21, 22, 23, 513);
}

static void a_line_that_is_too_long_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char text[20000] = "[log]\ndirectory = ";
	size_t length = strlen(text);

	memset(text + length, 'x', 17000);
	strcpy(text + length + 17000, "\nformat = json\n");
	assert_int_equal(load(fixture, text), -EINVAL);
	fflush(stderr);
	assert_non_null(strstr(fixture->messages, ":2: the line has 17012 characters, at most "));
	assert_string_equal(fixture->config->log.directory, ".");
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
}

static void a_list_with_a_too_long_line_is_not_set_in_part(void **state)
{
	struct fixture *fixture = *state;
	char text[20000] = "[inactivity]\ntcp_ports = 80\n ";
	size_t length = strlen(text);

	memset(text + length, '1', 17000);
	strcpy(text + length + 17000, "\n 90\n");
	assert_int_equal(load(fixture, text), -EINVAL);
	assert_false(config_ports_contain(&fixture->config->inactivity.tcp_ports, 80));
	assert_true(config_ports_contain(&fixture->config->inactivity.tcp_ports, 513));
}

static void a_comment_may_have_any_length(void **state)
{
	struct fixture *fixture = *state;
	char text[20000];

	memset(text, '#', sizeof(text));
	strcpy(text + 18000, "\n[log]\nformat = json\n");
	assert_int_equal(load(fixture, text), 0);
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
}

static void all_mistakes_of_a_file_are_reported(void **state)
{
	struct fixture *fixture = *state;

	assert_load_fails(
		fixture,
		"[timeouts]\n"
		"tcp_inactivity_timeout = 300\n"
		"udp_inactivity_timout = 1 min\n"
		"icmp_inactivity_timeout = 2 min\n"
		"[logs]\n"
		"format = json\n"
		"[capture]\n"
		"promiscuous = maybe\n"
		"hugepages\n",
		"@:2: [timeouts] tcp_inactivity_timeout: '300' has no unit; write 300 s\n"
		"@:3: [timeouts] udp_inactivity_timout: unknown key; did you mean "
		"'udp_inactivity_timeout'?\n"
		"@:5: [logs]: unknown section; did you mean [log]?\n"
		"@:8: [capture] promiscuous: 'maybe' is neither yes nor no; write yes or no\n"
		"@:9: 'hugepages' has no '='; write key = value");
	assert_int_equal(fixture->config->timeouts.icmp_inactivity_timeout, 2 * TIME_MINUTE);
}

static void a_key_in_other_letters_finds_its_spelling(void **state)
{
	assert_load_fails(*state, "[timeouts]\ntcp_syn_timeout = 5 s\n",
			  "@:2: [timeouts] tcp_syn_timeout: unknown key; did you mean "
			  "'tcp_SYN_timeout'?");
}

static void a_key_of_another_section_is_pointed_to(void **state)
{
	assert_load_fails(
		*state, "[ports]\ntcp_ports = 22\nmaximum = 5\n",
		"@:2: [ports] tcp_ports: unknown key; 'tcp_ports' is a key of "
		"[inactivity]\n"
		"@:3: [ports] maximum: unknown key; 'maximum' is a key of [connections] and "
		"[fragments] and [captures]");
}

static void a_key_near_one_of_another_section_is_pointed_to(void **state)
{
	assert_load_fails(*state, "[log]\ninterface = eth0\n",
			  "@:2: [log] interface: unknown key; did you mean 'interfaces' of "
			  "[capture]?");
}

static void a_key_near_none_gets_the_keys_of_its_section(void **state)
{
	assert_load_fails(*state, "[workers]\npriority = 5\n",
			  "@:2: [workers] priority: unknown key; the keys of [workers] are count, "
			  "cores");
}

static void a_section_near_none_gets_all_sections(void **state)
{
	assert_load_fails(
		*state, "[bananas]\n",
		"@:1: [bananas]: unknown section; the sections are [capture] [replay] [workers] "
		"[connections] [fragments] [timeouts] [inactivity] [ports] [tunnels] "
		"[networks] [log] [log events] [control] [captures] "
		"[threshold NAME] [poll NAME] [plugin NAME]");
}

static void a_malformed_section_is_reported(void **state)
{
	assert_load_fails(*state, "[log\nformat = json\n[log] x\n[]\n",
			  "@:1: '[log' is not a section; write for instance [log]\n"
			  "@:3: '[log] x' is not a section; write for instance [log]\n"
			  "@:4: []: unknown section; the sections are [capture] [replay] [workers] "
			  "[connections] [fragments] [timeouts] [inactivity] [ports] [tunnels] "
			  "[networks] [log] [log events] [control] [captures] "
			  "[threshold NAME] [poll NAME] [plugin NAME]");
	assert_defaults(((struct fixture *)*state)->config);
}

static void a_key_given_twice_is_reported(void **state)
{
	struct fixture *fixture = *state;

	assert_load_fails(
		fixture, "[log]\nformat = json\n[workers]\n[log]\nformat = tsv\n",
		"@:5: [log] format: is given twice, first in line 2; remove one of the two");
	assert_int_equal(fixture->config->log.format, CONFIG_LOG_JSON);
}

static void a_key_before_the_first_section_is_reported(void **state)
{
	assert_load_fails(
		*state, "format = json\ncolour = red\n[log]\n",
		"@:1: format: stands before the first section; write [log] on a line above "
		"it\n"
		"@:2: colour: stands before the first section; write [SECTION] on a line "
		"above it");
}

static void a_missing_key_or_value_is_reported(void **state)
{
	assert_load_fails(*state, "[log]\n= json\nformat =\ndirectory = # none\n",
			  "@:2: '= json' has no key before '='; write key = value\n"
			  "@:3: [log] format: the value is missing; the default is tsv\n"
			  "@:4: [log] directory: the value is missing; the default is .");
}

static void control_characters_are_refused_and_not_repeated(void **state)
{
	assert_load_fails(*state, "[log]\ndirectory = a\033[31mb\nb\033ad = 1\n",
			  "@:2: [log] directory: the value holds a control character; write it "
			  "without\n"
			  "@:3: [log] b?ad: unknown key; the keys of [log] are directory, format, "
			  "rotate_interval, rotate_size, rotate_name, flush_interval, columns, "
			  "community_id_seed");
}

static void a_file_that_does_not_exist_is_reported(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(config_load(fixture->config, fixture->path), -ENOENT);
	assert_messages(fixture,
			"@: cannot be opened: No such file or directory; name a readable file");
}

static void a_directory_is_reported(void **state)
{
	struct fixture *fixture = *state;
	char expected[160];

	assert_int_equal(config_load(fixture->config, fixture->folder), -EISDIR);
	snprintf(expected, sizeof(expected), "%s: is a directory; name a file, such as %s/weir.ini",
		 fixture->folder, fixture->folder);
	assert_messages(fixture, expected);
}

static void a_binary_file_is_reported(void **state)
{
	struct fixture *fixture = *state;
	static const char bytes[] = "[log]\nformat\0 = json\n";

	assert_int_equal(load_bytes(fixture, bytes, sizeof(bytes) - 1), -EINVAL);
	assert_messages(fixture, "@:2: a NUL byte, so this is not a text file; save it as plain "
				 "text (UTF-8)");
	assert_defaults(fixture->config);
}

static void a_huge_file_is_refused(void **state)
{
	struct fixture *fixture = *state;
	size_t size = (1 << 20) + 1;
	char *text = malloc(size);

	assert_non_null(text);
	memset(text, '\n', size);
	assert_int_equal(load_bytes(fixture, text, size - 1), 0);
	assert_int_equal(load_bytes(fixture, text, size), -EFBIG);
	assert_messages(fixture, "@: larger than 1 MiB; this cannot be a configuration file");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_read_over_the_defaults),
		TEST(an_empty_file_leaves_the_defaults),
		TEST(a_list_in_a_file_replaces_the_default_list),
		TEST(a_list_may_go_on_in_indented_lines),
		TEST(indented_keys_are_keys),
		TEST(a_single_value_does_not_go_on_in_the_next_line),
		TEST(comments_are_skipped),
		TEST(a_byte_order_mark_and_crlf_are_accepted),
		TEST(a_section_may_come_twice),
		TEST(a_long_line_is_read_whole_or_refused),
		TEST(a_line_that_is_too_long_is_refused),
		TEST(a_list_with_a_too_long_line_is_not_set_in_part),
		TEST(a_comment_may_have_any_length),
		TEST(all_mistakes_of_a_file_are_reported),
		TEST(a_key_in_other_letters_finds_its_spelling),
		TEST(a_key_of_another_section_is_pointed_to),
		TEST(a_key_near_one_of_another_section_is_pointed_to),
		TEST(a_key_near_none_gets_the_keys_of_its_section),
		TEST(a_section_near_none_gets_all_sections),
		TEST(a_malformed_section_is_reported),
		TEST(a_key_given_twice_is_reported),
		TEST(a_key_before_the_first_section_is_reported),
		TEST(a_missing_key_or_value_is_reported),
		TEST(control_characters_are_refused_and_not_repeated),
		TEST(a_file_that_does_not_exist_is_reported),
		TEST(a_directory_is_reported),
		TEST(a_binary_file_is_reported),
		TEST(a_huge_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
