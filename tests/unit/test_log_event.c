/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "config/config.h"
#include "log/log_event.h"
#include "watch/watch_name.h"
#include "watch/watch_request.h"

static char line[LOG_LINE_SIZE];

// An event whose other fields are those of no event in particular.
static struct conn_event event_example(enum conn_event_kind kind)
{
	return (struct conn_event){
		.time = UINT64_C(1300475167096535000),
		.address = {ipv4(10, 0, 0, 1), ipv4(192, 168, 1, 255)},
		.port = {49152, 80},
		.protocol = IPPROTO_TCP,
		.kind = (uint8_t)kind,
		.state = CONN_STATE_SF,
		.reason = CONN_REASON_CLOSED,
		.history_length = 8,
		.history = "ShADadFf",
		.uid = {.salt = 0, .place = {0, 61}},
		.position = 1460,
		.length = 536,
	};
}

static const char *format(const struct conn_event *event, enum log_format format)
{
	struct log_options options = {.format = format};
	struct log_layout layout = {0};
	size_t length;

	assert_int_equal(log_event_layout(&layout), 0);
	length = log_line_format(&layout, &options, event, line);
	assert_true(length < sizeof(line));
	line[length] = '\0';
	return line;
}

#define FRONT "1300475167.096535\tCz\t10.0.0.1\t49152\t192.168.1.255\t80\ttcp\t"
#define FRONT_JSON                                                                                 \
	"{\"ts\":1300475167.096535,\"uid\":\"Cz\",\"id.orig_h\":\"10.0.0.1\","                     \
	"\"id.orig_p\":49152,\"id.resp_h\":\"192.168.1.255\",\"id.resp_p\":80,"                    \
	"\"proto\":\"tcp\","

static void most_events_have_nothing_but_their_name(void **state)
{
	for (enum conn_event_kind kind = 0; kind < CONN_EVENT_COUNT; kind++) {
		struct conn_event event = event_example(kind);
		char expected[256];

		if (kind == CONN_EVENT_STATE_REMOVE || kind == CONN_EVENT_EOF ||
		    kind == CONN_EVENT_CONTENT_GAP || kind >= CONN_EVENT_BYTES_THRESHOLD)
			continue;
		snprintf(expected, sizeof(expected), FRONT "%s\t-\t-\t-\n", conn_event_name(kind));
		assert_string_equal(format(&event, LOG_FORMAT_TSV), expected);
		snprintf(expected, sizeof(expected), FRONT_JSON "\"event\":\"%s\"}\n",
			 conn_event_name(kind));
		assert_string_equal(format(&event, LOG_FORMAT_JSON), expected);
	}
}

static void a_removal_has_state_history_and_reason(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_STATE_REMOVE);

	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "connection_state_remove\tSF ShADadFf\tclosed\t-\n");
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"connection_state_remove\","
				       "\"details\":\"SF ShADadFf\",\"reason\":\"closed\"}\n");
}

static void a_removal_without_history_has_the_state_alone(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_STATE_REMOVE);

	event.history_length = 0;
	event.state = CONN_STATE_OTH;
	event.reason = CONN_REASON_INACTIVE;
	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "connection_state_remove\tOTH\tinactivity\t-\n");
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"connection_state_remove\","
				       "\"details\":\"OTH\",\"reason\":\"inactivity\"}\n");
}

static void the_longest_history_fits(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_STATE_REMOVE);
	char history[CONN_HISTORY_SIZE + 1] = "";

	memset(history, 'Q', CONN_HISTORY_SIZE);
	memcpy(event.history, history, CONN_HISTORY_SIZE);
	event.state = CONN_STATE_RSTOS0;
	event.history_length = CONN_HISTORY_SIZE;
	assert_int_equal(count_text(format(&event, LOG_FORMAT_TSV), history), 1);
	// No event has such a length; a line must come out nevertheless.
	event.history_length = 255;
	assert_int_equal(count_text(format(&event, LOG_FORMAT_TSV), "Q"), CONN_HISTORY_SIZE);
}

static void an_end_of_stream_names_the_side(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_EOF);

	assert_string_equal(format(&event, LOG_FORMAT_TSV), FRONT "connection_EOF\torig\t-\t-\n");
	event.side = CONN_RESP;
	assert_string_equal(format(&event, LOG_FORMAT_TSV), FRONT "connection_EOF\tresp\t-\t-\n");
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"connection_EOF\",\"details\":\"resp\"}\n");
}

static void a_gap_names_side_place_and_length(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_CONTENT_GAP);

	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "content_gap\torig 1460 536\t-\t-\n");
	event.side = CONN_RESP;
	event.position = event.length = UINT64_MAX;
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"content_gap\",\"details\":"
				       "\"resp 18446744073709551615 18446744073709551615\"}\n");
}

static void a_threshold_of_a_side_names_value_and_side(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_BYTES_THRESHOLD);

	event.length = 1000;
	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "conn_bytes_threshold_crossed\t1000 orig\t-\t-\n");
	event.kind = CONN_EVENT_PACKETS_THRESHOLD;
	event.side = CONN_RESP;
	event.length = UINT64_MAX;
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"conn_packets_threshold_crossed\","
				       "\"details\":\"18446744073709551615 resp\"}\n");
}

static void other_thresholds_name_the_value_alone(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_GENERIC_THRESHOLD);

	event.length = 10;
	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "conn_generic_packet_threshold_crossed\t10\t-\t-\n");
	event.kind = CONN_EVENT_DURATION_THRESHOLD;
	event.length = 2 * TIME_MINUTE + TIME_SECOND / 2;
	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "conn_duration_threshold_crossed\t120.500000\t-\t-\n");
}

static void a_poll_names_what_was_looked_at_and_found(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_POLL);

	event.position = WATCH_FEATURE_RATE;
	event.length = 1048576;
	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "conn_poll_matched\trate 1048576\t-\t-\n");
	event.position = WATCH_FEATURE_IDLE;
	event.length = TIME_SECOND / 4;
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"conn_poll_matched\","
				       "\"details\":\"idle 0.250000\"}\n");
	// No poll has such a feature; a line must come out nevertheless.
	event.position = UINT64_MAX;
	assert_int_equal(count_text(format(&event, LOG_FORMAT_TSV), "\t? 250000000\t"), 1);
}

static void features_are_called_as_in_the_configuration(void **state)
{
	assert_int_equal(WATCH_FEATURE_COUNT, CONFIG_FEATURE_COUNT);
	for (int i = 0; i < CONFIG_FEATURE_COUNT; i++)
		assert_string_equal(watch_feature_name((unsigned)i),
				    config_feature_name((enum config_feature)i));
}

static void the_rule_that_found_it_is_named(void **state)
{
	struct conn_event event = event_example(CONN_EVENT_GENERIC_THRESHOLD);

	event.length = 10;
	event.name = watch_name_number("big-ones");
	assert_string_equal(format(&event, LOG_FORMAT_TSV),
			    FRONT "conn_generic_packet_threshold_crossed\t10\t-\tbig-ones\n");
	assert_string_equal(format(&event, LOG_FORMAT_JSON),
			    FRONT_JSON "\"event\":\"conn_generic_packet_threshold_crossed\","
				       "\"details\":\"10\",\"rule\":\"big-ones\"}\n");
}

static void the_header_names_columns_and_types(void **state)
{
	struct log_layout layout = {0};
	char head[LOG_LINE_SIZE];

	setenv("TZ", "UTC", 1);
	assert_int_equal(log_event_layout(&layout), 0);
	head[log_header_format(&layout, LOG_FORMAT_TSV, "events", START / TIME_SECOND, head)] =
		'\0';
	assert_string_equal(strstr(head, "#path"),
			    "#path\tevents\n#open\t2026-08-05-12-34-56\n"
			    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\t"
			    "event\tdetails\treason\trule\n"
			    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\t"
			    "string\tstring\n");
}

static void events_go_to_a_file_of_their_own(void **state)
{
	struct place *place = *state;
	struct log_options options = {.directory = place->directory};
	struct log_writer *writer = log_writer_create(&options);
	struct conn_event event = event_example(CONN_EVENT_NEW);
	struct log_stream *stream;
	char *text;

	assert_non_null(writer);
	stream = log_event_open(writer, 0);
	assert_non_null(stream);
	assert_true(log_event_write(stream, &event, 0));
	assert_int_equal(log_writer_destroy(writer, NULL), 0);
	text = read_file(place, "events.log");
	assert_non_null(text);
	assert_non_null(strstr(text, "\n" FRONT "new_connection\t-\t-\t-\n#close\t"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_events_have_nothing_but_their_name),
		cmocka_unit_test(a_removal_has_state_history_and_reason),
		cmocka_unit_test(a_removal_without_history_has_the_state_alone),
		cmocka_unit_test(the_longest_history_fits),
		cmocka_unit_test(an_end_of_stream_names_the_side),
		cmocka_unit_test(a_gap_names_side_place_and_length),
		cmocka_unit_test(a_threshold_of_a_side_names_value_and_side),
		cmocka_unit_test(other_thresholds_name_the_value_alone),
		cmocka_unit_test(a_poll_names_what_was_looked_at_and_found),
		cmocka_unit_test(features_are_called_as_in_the_configuration),
		cmocka_unit_test(the_rule_that_found_it_is_named),
		cmocka_unit_test(the_header_names_columns_and_types),
		cmocka_unit_test_setup_teardown(events_go_to_a_file_of_their_own, place_create,
						place_remove),
	};

	return cmocka_run_group_tests_name("log_event", tests, NULL, NULL);
}
