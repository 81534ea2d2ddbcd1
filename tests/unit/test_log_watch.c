/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_watch.h"
#include "watch/watch_name.h"
#include "watch/watch_request.h"

static char line[LOG_LINE_SIZE];

// What a threshold found, a connection that still lives.
static struct watch_record record_example(void)
{
	struct watch_record record = {
		.conn = summary_example(),
		.time = UINT64_C(1300475169096535000),
		.value = 1000,
		.name = watch_name_number("big"),
		.kind = WATCH_RESP_BYTES,
	};

	record.conn.state = CONN_STATE_S1;
	record.conn.reason = CONN_REASON_COUNT;
	return record;
}

static const char *format(const struct watch_record *record, uint32_t columns,
			  enum log_format format)
{
	struct log_options options = {.format = format};
	struct log_layout layout = {0};
	size_t length;

	assert_int_equal(log_watch_layout(&layout, columns), 0);
	length = log_line_format(&layout, &options, record, line);
	assert_true(length < sizeof(line));
	line[length] = '\0';
	return line;
}

#define CONN                                                                                       \
	"1300475167.096535\tCz\t10.0.0.1\t49152\t192.168.1.255\t80\ttcp\t-\t1."                    \
	"500000\t100\t500\tS1\t"                                                                   \
	"-\t-\t0\tShADadFf\t6\t460\t5\t800\t-\t6"
#define CONN_JSON                                                                                  \
	"\"start\":1300475167.096535,\"uid\":\"Cz\",\"id.orig_h\":\"10.0.0.1\","                   \
	"\"id.orig_p\":49152,\"id.resp_h\":\"192.168.1.255\",\"id.resp_p\":80,"                    \
	"\"proto\":\"tcp\",\"duration\":1.500000,\"orig_bytes\":100,\"resp_bytes\":500,"           \
	"\"conn_state\":\"S1\",\"missed_bytes\":0,\"history\":\"ShADadFf\",\"orig_pkts\":6,"       \
	"\"orig_ip_bytes\":460,\"resp_pkts\":5,\"resp_ip_bytes\":800,\"ip_proto\":6"

static void a_line_has_rule_what_value_and_the_connection(void **state)
{
	struct watch_record record = record_example();

	assert_string_equal(format(&record, 0, LOG_FORMAT_TSV),
			    "1300475169.096535\tbig\tresp_bytes\t1000\t" CONN "\n");
	assert_string_equal(format(&record, 0, LOG_FORMAT_JSON),
			    "{\"ts\":1300475169.096535,\"rule\":\"big\",\"what\":\"resp_bytes\","
			    "\"value\":1000," CONN_JSON "}\n");
}

static void a_request_without_a_rule_has_no_name(void **state)
{
	struct watch_record record = record_example();

	record.name = 0;
	assert_string_equal(format(&record, 0, LOG_FORMAT_TSV),
			    "1300475169.096535\t-\tresp_bytes\t1000\t" CONN "\n");
	assert_int_equal(count_text(format(&record, 0, LOG_FORMAT_JSON), "rule"), 0);
}

static void assert_found(bool poll, uint8_t kind, const char *expected)
{
	struct watch_record record = record_example();
	char part[64];

	record.poll = poll;
	record.kind = kind;
	record.value = 90 * TIME_SECOND;
	snprintf(part, sizeof(part), "\tbig\t%s\t1300475167", expected);
	assert_int_equal(count_text(format(&record, 0, LOG_FORMAT_TSV), part), 1);
}

static void every_threshold_and_feature_has_a_name(void **state)
{
	assert_found(false, WATCH_ORIG_BYTES, "orig_bytes\t90000000000");
	assert_found(false, WATCH_RESP_BYTES, "resp_bytes\t90000000000");
	assert_found(false, WATCH_ORIG_PACKETS, "orig_pkts\t90000000000");
	assert_found(false, WATCH_RESP_PACKETS, "resp_pkts\t90000000000");
	assert_found(false, WATCH_PACKETS, "pkts\t90000000000");
	assert_found(false, WATCH_DURATION, "duration\t90.000000");
	assert_found(true, WATCH_FEATURE_ORIG_BYTES, "orig_bytes\t90000000000");
	assert_found(true, WATCH_FEATURE_RESP_BYTES, "resp_bytes\t90000000000");
	assert_found(true, WATCH_FEATURE_BYTES, "bytes\t90000000000");
	assert_found(true, WATCH_FEATURE_ORIG_PACKETS, "orig_pkts\t90000000000");
	assert_found(true, WATCH_FEATURE_RESP_PACKETS, "resp_pkts\t90000000000");
	assert_found(true, WATCH_FEATURE_PACKETS, "pkts\t90000000000");
	assert_found(true, WATCH_FEATURE_RATE, "rate\t90000000000");
	assert_found(true, WATCH_FEATURE_PACKET_RATE, "packet_rate\t90000000000");
	assert_found(true, WATCH_FEATURE_DURATION, "duration\t90.000000");
	assert_found(true, WATCH_FEATURE_IDLE, "idle\t90.000000");
	// There is none; a line must come out nevertheless.
	assert_found(true, 255, "?\t90000000000");
	assert_found(false, 255, "?\t90000000000");
}

static void optional_columns_follow_and_the_end_is_unset(void **state)
{
	uint32_t columns = 1 << LOG_CONN_VLAN | 1 << LOG_CONN_REASON | 1 << LOG_CONN_NOTES;
	struct watch_record record = record_example();

	record.conn.vlan[0] = 13;
	assert_string_equal(format(&record, columns, LOG_FORMAT_TSV),
			    "1300475169.096535\tbig\tresp_bytes\t1000\t" CONN "\t13\t-\t-\n");
	assert_string_equal(format(&record, columns, LOG_FORMAT_JSON),
			    "{\"ts\":1300475169.096535,\"rule\":\"big\",\"what\":\"resp_bytes\","
			    "\"value\":1000," CONN_JSON ",\"vlan\":13}\n");
}

static void the_header_names_columns_and_types(void **state)
{
	struct log_layout layout = {0};
	char head[LOG_LINE_SIZE];

	setenv("TZ", "UTC", 1);
	assert_int_equal(log_watch_layout(&layout, 1 << LOG_CONN_VLAN), 0);
	head[log_header_format(&layout, LOG_FORMAT_TSV, "watch", START / TIME_SECOND, head)] = '\0';
	assert_string_equal(
		strstr(head, "#path"),
		"#path\twatch\n#open\t2026-08-05-12-34-56\n"
		"#fields\tts\trule\twhat\tvalue\tstart\tuid\tid.orig_h\tid.orig_p\t"
		"id.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t"
		"conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\t"
		"orig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\tip_proto\tvlan\n"
		"#types\ttime\tstring\tstring\tdouble\ttime\tstring\taddr\tport\taddr\t"
		"port\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\t"
		"string\tcount\tcount\tcount\tcount\tset[string]\tcount\tint\n");
}

static void lines_go_to_a_file_of_their_own(void **state)
{
	struct place *place = *state;
	struct log_options options = {.directory = place->directory};
	struct log_writer *writer = log_writer_create(&options);
	struct watch_record record = record_example();
	struct log_stream *stream;
	char *text;

	assert_non_null(writer);
	stream = log_watch_open(writer, 0);
	assert_non_null(stream);
	assert_true(log_watch_write(stream, &record, 0));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	text = read_file(place, "watch.log");
	assert_non_null(text);
	assert_non_null(strstr(text, "\tbig\tresp_bytes\t1000\t" CONN "\n#close\t"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_rule_what_value_and_the_connection),
		cmocka_unit_test(a_request_without_a_rule_has_no_name),
		cmocka_unit_test(every_threshold_and_feature_has_a_name),
		cmocka_unit_test(optional_columns_follow_and_the_end_is_unset),
		cmocka_unit_test(the_header_names_columns_and_types),
		cmocka_unit_test_setup_teardown(lines_go_to_a_file_of_their_own, place_create,
						place_remove),
	};

	return cmocka_run_group_tests_name("log_watch", tests, NULL, NULL);
}
