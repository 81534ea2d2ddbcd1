/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

static char line[LOG_LINE_SIZE];

static const char *format(const struct conn_summary *summary, struct log_options options)
{
	struct log_layout layout = {0};
	size_t length;

	assert_int_equal(log_conn_layout(&layout, 0), 0);
	memset(line, 'x', sizeof(line));
	length = log_line_format(&layout, &options, summary, line);
	assert_true(length < sizeof(line));
	line[length] = '\0';
	return line;
}

static const char *tsv(const struct conn_summary *summary)
{
	return format(summary, (struct log_options){.format = LOG_FORMAT_TSV});
}

static const char *json(const struct conn_summary *summary)
{
	return format(summary, (struct log_options){.format = LOG_FORMAT_JSON});
}

// The column of that number (ts is 0) of a TSV line.
static const char *column(const char *text, int number)
{
	static char value[256];
	size_t length;

	while (number-- > 0) {
		text = strchr(text, '\t');
		assert_non_null(text);
		text++;
	}
	length = strcspn(text, "\t\n");
	memcpy(value, text, length);
	value[length] = '\0';
	return value;
}

static void writes_every_column_of_a_tsv_line(void **state)
{
	struct conn_summary summary = summary_example();

	assert_string_equal(tsv(&summary),
			    "1300475167.096535\tCz\t10.0.0.1\t49152\t192.168.1.255\t80\ttcp\t-\t"
			    "1.500000\t100\t500\tSF\t-\t-\t0\tShADadFf\t6\t460\t5\t800\t-\t6\n");
}

static void writes_every_column_of_a_json_line(void **state)
{
	struct conn_summary summary = summary_example();

	assert_string_equal(
		json(&summary),
		"{\"ts\":1300475167.096535,\"uid\":\"Cz\",\"id.orig_h\":\"10.0.0.1\","
		"\"id.orig_p\":49152,\"id.resp_h\":\"192.168.1.255\",\"id.resp_p\":80,"
		"\"proto\":\"tcp\",\"duration\":1.500000,\"orig_bytes\":100,\"resp_bytes\":500,"
		"\"conn_state\":\"SF\",\"missed_bytes\":0,\"history\":\"ShADadFf\","
		"\"orig_pkts\":6,\"orig_ip_bytes\":460,\"resp_pkts\":5,\"resp_ip_bytes\":800,"
		"\"ip_proto\":6}\n");
}

static void leaves_bytes_unset_without_a_duration(void **state)
{
	struct conn_summary summary = summary_example();

	for (int64_t duration = -1; duration <= 0; duration++) {
		summary.duration = duration;
		assert_string_equal(column(tsv(&summary), 8), "-");
		assert_string_equal(column(tsv(&summary), 9), "-");
		assert_string_equal(column(tsv(&summary), 10), "-");
		assert_null(strstr(json(&summary), "duration"));
		assert_null(strstr(json(&summary), "orig_bytes"));
		assert_null(strstr(json(&summary), "resp_bytes"));
	}
	summary.duration = 1;
	assert_string_equal(column(tsv(&summary), 8), "0.000000");
	assert_string_equal(column(tsv(&summary), 9), "100");
}

static void leaves_an_empty_history_unset(void **state)
{
	struct conn_summary summary = summary_example();

	summary.history_length = 0;
	assert_string_equal(column(tsv(&summary), 15), "-");
	assert_null(strstr(json(&summary), "history"));
}

static void writes_the_longest_history(void **state)
{
	struct conn_summary summary = summary_example();

	memset(summary.history, 'T', sizeof(summary.history));
	summary.history_length = sizeof(summary.history);
	assert_int_equal(strlen(column(tsv(&summary), 15)), CONN_HISTORY_SIZE);
	summary.history_length = 255;
	assert_int_equal(strlen(column(tsv(&summary), 15)), CONN_HISTORY_SIZE);
}

static void writes_ipv6_and_icmp(void **state)
{
	struct conn_summary summary = summary_example();

	summary.address[CONN_ORIG] = ipv6("fe80::1");
	summary.address[CONN_RESP] = ipv6("2001:db8:1111:2222:3333:4444:5555:6666");
	summary.protocol = IPPROTO_ICMPV6;
	summary.port[CONN_ORIG] = 128;
	summary.port[CONN_RESP] = 129;
	summary.state = CONN_STATE_OTH;
	assert_string_equal(column(tsv(&summary), 2), "fe80::1");
	assert_string_equal(column(tsv(&summary), 3), "128");
	assert_string_equal(column(tsv(&summary), 4), "2001:db8:1111:2222:3333:4444:5555:6666");
	assert_string_equal(column(tsv(&summary), 6), "icmp");
	assert_string_equal(column(tsv(&summary), 11), "OTH");
	assert_string_equal(column(tsv(&summary), 21), "58");
	summary.protocol = IPPROTO_ICMP;
	assert_string_equal(column(tsv(&summary), 6), "icmp");
}

static void names_the_transport(void **state)
{
	struct conn_summary summary = summary_example();

	summary.protocol = IPPROTO_UDP;
	assert_string_equal(column(tsv(&summary), 6), "udp");
	summary.protocol = 132;
	assert_string_equal(column(tsv(&summary), 6), "unknown_transport");
	assert_string_equal(column(tsv(&summary), 21), "132");
}

static void names_every_state(void **state)
{
	static const char *const names[] = {"S0",   "S1",     "S2",    "S3", "SF",  "REJ", "RSTO",
					    "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"};
	struct conn_summary summary = summary_example();

	for (uint8_t i = 0; i < CONN_STATE_COUNT; i++) {
		summary.state = i;
		assert_string_equal(column(tsv(&summary), 11), names[i]);
	}
	// No summary has such a state; a line must come out nevertheless.
	summary.state = 200;
	assert_string_equal(column(tsv(&summary), 11), "OTH");
}

static void tells_local_addresses_by_the_list(void **state)
{
	struct conn_summary summary = summary_example();
	struct prefix local[2];
	struct log_options options = {0};
	struct prefix_set *set;

	assert_int_equal(prefix_parse("172.16.0.0/12", &local[0]), 0);
	assert_int_equal(prefix_parse("10.0.0.0/8", &local[1]), 0);
	options.local_set = set = prefix_set_create(local, 2);
	assert_string_equal(column(format(&summary, options), 12), "T");
	assert_string_equal(column(format(&summary, options), 13), "F");
	options.format = LOG_FORMAT_JSON;
	assert_non_null(
		strstr(format(&summary, options), "\"local_orig\":true,\"local_resp\":false,"));
	prefix_set_destroy(set);
}

static void writes_the_largest_numbers(void **state)
{
	struct conn_summary summary = summary_example();

	summary.time = 0;
	summary.duration = INT64_MAX;
	summary.bytes[0] = summary.bytes[1] = summary.missed_bytes = UINT64_MAX;
	summary.packets[0] = summary.packets[1] = UINT64_MAX;
	summary.ip_bytes[0] = summary.ip_bytes[1] = UINT64_MAX;
	summary.port[0] = 0;
	summary.port[1] = 65535;
	assert_string_equal(column(tsv(&summary), 0), "0.000000");
	assert_string_equal(column(tsv(&summary), 3), "0");
	assert_string_equal(column(tsv(&summary), 5), "65535");
	assert_string_equal(column(tsv(&summary), 8), "9223372036.854776");
	assert_int_equal(count_text(tsv(&summary), "18446744073709551615"), 7);
}

static void heads_a_tsv_file_as_zeek_does(void **state)
{
	struct log_layout layout = {0};
	size_t length;

	setenv("TZ", "UTC", 1);
	assert_int_equal(log_conn_layout(&layout, 0), 0);
	length = log_header_format(&layout, LOG_FORMAT_TSV, "conn", START / TIME_SECOND, line);
	line[length] = '\0';
	assert_string_equal(
		line,
		"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
		"#path\tconn\n#open\t2026-08-05-12-34-56\n"
		"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\t"
		"duration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\t"
		"missed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\t"
		"tunnel_parents\tip_proto\n"
		"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\t"
		"count\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\t"
		"set[string]\tcount\n");
	length = log_footer_format(LOG_FORMAT_TSV, START / TIME_SECOND, line);
	line[length] = '\0';
	assert_string_equal(line, "#close\t2026-08-05-12-34-56\n");
	assert_int_equal(log_header_format(&layout, LOG_FORMAT_JSON, "conn", 0, line), 0);
	assert_int_equal(log_footer_format(LOG_FORMAT_JSON, 0, line), 0);
}

static void write_long(struct log_text *text, const void *record, const struct log_options *options)
{
	char bytes[6000];

	memset(bytes, 1, sizeof(bytes));
	log_text_string(text, bytes, sizeof(bytes));
}

static void write_unset(struct log_text *text, const void *record,
			const struct log_options *options)
{
}

static void holds_any_line_in_its_buffer(void **state)
{
	const struct log_column wide = {"a.name.as.long.as.a.column.may.ever.be.", "string",
					write_long};
	struct log_options options = {.format = LOG_FORMAT_JSON};
	struct log_layout layout = {0};

	for (int i = 0; i < LOG_COLUMN_MAX; i++)
		assert_int_equal(log_layout_add(&layout, &wide, 1), 0);
	assert_int_equal(log_layout_add(&layout, &wide, 1), -E2BIG);
	assert_true(log_line_format(&layout, &options, NULL, line) <= LOG_LINE_SIZE);
}

static void writes_a_record_without_any_value(void **state)
{
	const struct log_column unset[] = {{"a", "count", write_unset},
					   {"b", "count", write_unset}};
	struct log_options options = {.format = LOG_FORMAT_JSON};
	struct log_layout layout = {0};

	assert_int_equal(log_layout_add(&layout, unset, 2), 0);
	assert_int_equal(log_line_format(&layout, &options, NULL, line), 3);
	assert_memory_equal(line, "{}\n", 3);
	options.format = LOG_FORMAT_TSV;
	assert_int_equal(log_line_format(&layout, &options, NULL, line), 4);
	assert_memory_equal(line, "-\t-\n", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_every_column_of_a_tsv_line),
		cmocka_unit_test(writes_every_column_of_a_json_line),
		cmocka_unit_test(leaves_bytes_unset_without_a_duration),
		cmocka_unit_test(leaves_an_empty_history_unset),
		cmocka_unit_test(writes_the_longest_history),
		cmocka_unit_test(writes_ipv6_and_icmp),
		cmocka_unit_test(names_the_transport),
		cmocka_unit_test(names_every_state),
		cmocka_unit_test(tells_local_addresses_by_the_list),
		cmocka_unit_test(writes_the_largest_numbers),
		cmocka_unit_test(heads_a_tsv_file_as_zeek_does),
		cmocka_unit_test(holds_any_line_in_its_buffer),
		cmocka_unit_test(writes_a_record_without_any_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
