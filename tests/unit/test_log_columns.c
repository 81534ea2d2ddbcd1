/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "log/log_conn_internal.h"
#include "packet/packet.h"

// The optional columns of conn.log.

#define BIT(column) (UINT32_C(1) << LOG_CONN_##column)
#define ALL         ((UINT32_C(1) << LOG_CONN_OPTIONAL_COUNT) - 1)

static char line[LOG_LINE_SIZE];

// The part of the line after Zeek's columns.
static const char *optional(const struct conn_summary *summary, uint32_t columns,
			    enum log_format format)
{
	struct log_options options = {.format = format};
	struct log_layout layout = {0};
	const char *at;
	size_t length;

	assert_int_equal(log_conn_layout(&layout, columns), 0);
	length = log_line_format(&layout, &options, summary, line);
	line[length - 1] = '\0';
	at = strstr(line, format == LOG_FORMAT_TSV ? "\t-\t6" : ",\"ip_proto\":6");
	assert_non_null(at);
	return at + strlen(format == LOG_FORMAT_TSV ? "\t-\t6" : ",\"ip_proto\":6");
}

static struct conn_summary example(void)
{
	struct conn_summary summary = summary_example();

	summary.vlan[0] = 13;
	summary.vlan[1] = 0;
	summary.linked = true;
	memcpy(summary.mac[CONN_ORIG], "\x00\x13\x7f\xbe\x8c\xff", 6);
	memcpy(summary.mac[CONN_RESP], "\x01\x02\x03\x04\x05\x06", 6);
	summary.round_trip[CONN_ORIG] = 30000;
	summary.round_trip[CONN_RESP] = UINT32_MAX;
	summary.retransmitted[CONN_ORIG] = 1;
	summary.retransmitted[CONN_RESP] = 2;
	summary.out_of_order[CONN_ORIG] = 3;
	summary.out_of_order[CONN_RESP] = 4;
	summary.zero_windows[CONN_ORIG] = 5;
	summary.zero_windows[CONN_RESP] = UINT32_MAX;
	summary.reason = CONN_REASON_CLOSED;
	return summary;
}

static void none_is_there_unless_it_is_wanted(void **state)
{
	struct conn_summary summary = example();

	assert_string_equal(optional(&summary, 0, LOG_FORMAT_TSV), "");
	assert_string_equal(optional(&summary, 0, LOG_FORMAT_JSON), "}");
}

static void all_follow_those_of_zeek_in_their_order(void **state)
{
	struct conn_summary summary = example();

	assert_string_equal(optional(&summary, ALL & ~BIT(COMMUNITY_ID), LOG_FORMAT_TSV),
			    "\t13\t0\t00:13:7f:be:8c:ff\t01:02:03:04:05:06\t0.030000\t4294.967295\t"
			    "1\t2\t3\t4\t5\t4294967295\tclosed\t-");
	assert_string_equal(
		optional(&summary, ALL & ~BIT(COMMUNITY_ID), LOG_FORMAT_JSON),
		",\"vlan\":13,\"inner_vlan\":0,\"orig_l2_addr\":\"00:13:7f:be:8c:ff\","
		"\"resp_l2_addr\":\"01:02:03:04:05:06\",\"orig_rtt\":0.030000,"
		"\"resp_rtt\":4294.967295,\"orig_retransmitted\":1,\"resp_retransmitted\":2,"
		"\"orig_out_of_order\":3,\"resp_out_of_order\":4,\"orig_zero_windows\":5,"
		"\"resp_zero_windows\":4294967295,\"reason\":\"closed\"}");
}

static void some_are_there_alone(void **state)
{
	struct conn_summary summary = example();

	assert_string_equal(optional(&summary, BIT(REASON) | BIT(VLAN), LOG_FORMAT_TSV),
			    "\t13\tclosed");
	assert_string_equal(optional(&summary, BIT(COMMUNITY_ID), LOG_FORMAT_JSON),
			    ",\"community_id\":\"1:AMDKpKLeT2p1QCT6uz2fkXLL7eY=\"}");
}

static void what_is_unknown_is_unset(void **state)
{
	uint32_t columns = ALL & ~(BIT(COMMUNITY_ID) | BIT(REASON));
	struct conn_summary summary = summary_example();

	summary.vlan[0] = summary.vlan[1] = PACKET_NO_VLAN;
	assert_string_equal(optional(&summary, columns, LOG_FORMAT_TSV),
			    "\t-\t-\t-\t-\t-\t-\t0\t0\t0\t0\t0\t0\t-");
	// The place that is looked for is ip_proto=6: a protocol without segments has the number
	// in front of it only.
	summary.protocol = 61;
	assert_string_equal(optional(&summary, columns, LOG_FORMAT_TSV),
			    "1\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-");
	assert_string_equal(optional(&summary, columns, LOG_FORMAT_JSON), "1}");
}

static void every_reason_has_a_word(void **state)
{
	struct conn_summary summary = example();

	for (uint8_t i = 0; i < CONN_REASON_COUNT; i++) {
		const char *word;

		summary.reason = i;
		word = optional(&summary, BIT(REASON), LOG_FORMAT_TSV) + 1;
		assert_true(*word >= 'a' && *word <= 'z');
		for (int j = 0; j < i; j++)
			assert_string_not_equal(word, conn_reason_name((enum conn_reason)j));
	}
	summary.reason = 200;
	assert_string_equal(optional(&summary, BIT(REASON), LOG_FORMAT_TSV), "\t?");
}

static void a_connection_that_lives_has_no_reason(void **state)
{
	struct conn_summary summary = example();

	summary.reason = CONN_REASON_COUNT;
	assert_string_equal(optional(&summary, BIT(REASON), LOG_FORMAT_TSV), "\t-");
	assert_string_equal(optional(&summary, BIT(REASON), LOG_FORMAT_JSON), "}");
}

static struct log_conn_noted noted(const char *text)
{
	struct log_conn_noted noted = {.conn = example()};

	noted.conn.noted = true;
	noted.note.length = (uint16_t)strlen(text);
	memcpy(noted.note.text, text, noted.note.length);
	return noted;
}

static void notes_are_a_set(void **state)
{
	struct log_conn_noted one = noted("talker=10.0.0.0/8");
	struct log_conn_noted several = noted("a=1,b=\"x y\",c=\xc3\xa9");

	assert_string_equal(optional(&one.conn, BIT(NOTES), LOG_FORMAT_TSV), "\ttalker=10.0.0.0/8");
	assert_string_equal(optional(&one.conn, BIT(NOTES), LOG_FORMAT_JSON),
			    ",\"notes\":[\"talker=10.0.0.0/8\"]}");
	assert_string_equal(optional(&several.conn, BIT(NOTES), LOG_FORMAT_TSV),
			    "\ta=1,b=\"x y\",c=\xc3\xa9");
	assert_string_equal(optional(&several.conn, BIT(NOTES), LOG_FORMAT_JSON),
			    ",\"notes\":[\"a=1\",\"b=\\\"x y\\\"\",\"c=\xc3\xa9\"]}");
}

static void the_longest_notes_fit(void **state)
{
	char text[sizeof(((struct watch_note *)0)->text) + 1] = "";
	struct log_conn_noted long_one;
	const char *column;

	memset(text, ',', sizeof(text) - 1);
	long_one = noted(text);
	column = optional(&long_one.conn, ALL, LOG_FORMAT_JSON);
	assert_int_equal(count_text(column, "\"\""), sizeof(text));
	memset(text, '\1', sizeof(text) - 1);
	long_one = noted(text);
	column = optional(&long_one.conn, ALL, LOG_FORMAT_JSON);
	assert_int_equal(count_text(column, "\\u0001"), sizeof(text) - 1);
	// No note has such a length; a line must come out nevertheless.
	long_one.note.length = UINT16_MAX;
	column = optional(&long_one.conn, ALL, LOG_FORMAT_JSON);
	assert_int_equal(count_text(column, "\\u0001"), sizeof(text) - 1);
}

static void types_are_those_of_zeek(void **state)
{
	struct log_layout layout = {0};
	size_t length;

	assert_int_equal(log_conn_layout(&layout, ALL), 0);
	length = log_header_format(&layout, LOG_FORMAT_TSV, "conn", 0, line);
	line[length] = '\0';
	assert_non_null(strstr(line, "\tip_proto\tcommunity_id\tvlan\tinner_vlan\torig_l2_addr\t"
				     "resp_l2_addr\torig_rtt\tresp_rtt\torig_retransmitted\t"
				     "resp_retransmitted\torig_out_of_order\tresp_out_of_order\t"
				     "orig_zero_windows\tresp_zero_windows\treason\tnotes\n"));
	assert_non_null(strstr(line,
			       "\tset[string]\tcount\tstring\tint\tint\tstring\tstring\t"
			       "interval\tinterval\tcount\tcount\tcount\tcount\tcount\tcount\t"
			       "string\tset[string]\n"));
}

struct vector {
	uint8_t protocol;
	bool one_way;
	const char *orig;
	uint16_t orig_port;
	const char *resp;
	uint16_t resp_port;
	const char *plain, *seeded; // with seed 0 and seed 1
};

// The baseline of github.com/corelight/community-id-spec.
static const struct vector vectors[] = {
	{6, false, "128.232.110.120", 34855, "66.35.250.204", 80,
	 "1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:3V71V58M3Ksw/yuFALMcW0LAHvc="},
	{6, false, "2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25,
	 "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "1:eJYTW6AOzFLlSUoESovMjnu7rMw="},
	{17, false, "192.168.1.52", 54585, "8.8.8.8", 53,
	 "1:d/FP5EW3wiY1vCndhwleRRKHowQ=", "1:Q9We8WO3piVF8yEQBNJF4uiSVrI="},
	{132, false, "192.168.170.8", 7, "192.168.170.56", 7,
	 "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=", "1:5w3ZRjeKBzqT3zsaEECDGjUbYeg="},
	{46, false, "10.1.12.1", 0, "10.1.12.2", 0,
	 "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=", "1:rYir8gphR31noO9iDRQmF/BteEI="},
	{1, false, "192.168.0.89", 8, "192.168.0.1", 0,
	 "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", "1:03g6IloqVBdcZlPyX8r0hgoE7kA="},
	{1, true, "10.0.0.1", 11, "10.0.0.2", 0,
	 "1:YHxtAirCG//0OzkcVAukqKQN9xM=", "1:XjUibYHaafLQ3pxQeiMI8g25q20="},
	{58, false, "fe80::200:86ff:fe05:80da", 135, "fe80::260:97ff:fe07:69ea", 136,
	 "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", "1:kHa1FhMYIT6Ym2Vm2AOtoOARDzY="},
	{58, false, "fe80::260:97ff:fe07:69ea", 135, "fe80::200:86ff:fe05:80da", 136,
	 "1:zavyT/cezQr1fmImYCwYnMXbgck=", "1:2hSqmsDZ2kdcY9kbiUzOEBic0iM="},
	{58, false, "3ffe:507:0:1:200:86ff:fe05:80da", 128, "3ffe:501:0:1001::2", 129,
	 "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "1:GfZxjAkDk2MkegpBYHV6tadtFXQ="},
	{58, false, "fe80::260:97ff:fe07:69ea", 134, "ff02::1", 133,
	 "1:pkvHqCL88/tg1k4cPigmZXUtL00=", "1:K/ee5UCqAMAQXDorP5nSa2CGLjc="},
	{58, true, "3ffe:501:1800:2345::2", 3, "3ffe:507:0:1:200:86ff:fe05:80da", 0,
	 "1:2ObVBgIn28oZvibYZhZMBgh7WdQ=", "1:lVEtCZpYu84Xqaa++3lXFyuu2n4="},
	{58, true, "3ffe:501:410:0:2c0:dfff:fe47:33e", 1, "3ffe:507:0:1:200:86ff:fe05:80da", 4,
	 "1:hLZd0XGWojozrvxqE0dWB1iM6R0=", "1:W8MHwXpWzpoSTD+cGcaJr4u0ys8="},
};

static void assert_community(const struct conn_summary *summary, uint16_t seed,
			     const char *expected)
{
	char text[LOG_COMMUNITY_SIZE + 1];

	text[log_community_id(summary, seed, text)] = '\0';
	assert_string_equal(text, expected);
}

static struct address host(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix.address;
}

static void community_ids_are_those_that_were_published(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *vector = &vectors[i];
		struct conn_summary there = {
			.protocol = vector->protocol,
			.one_way = vector->one_way,
			.address = {host(vector->orig), host(vector->resp)},
			.port = {vector->orig_port, vector->resp_port},
		};
		struct conn_summary back = {
			.protocol = vector->protocol,
			.address = {there.address[1], there.address[0]},
			.port = {there.port[1], there.port[0]},
		};

		assert_community(&there, 0, vector->plain);
		assert_community(&there, 1, vector->seeded);
		if (vector->one_way)
			continue;
		assert_community(&back, 0, vector->plain);
		assert_community(&back, 1, vector->seeded);
	}
}

// What Zeek 8 writes for a trace of SCTP, where no ports are known.
static void sctp_without_ports_is_as_in_zeek(void **state)
{
	struct conn_summary summary = {.protocol = 132,
				       .address = {host("192.168.170.8"), host("192.168.170.56")}};

	assert_community(&summary, 0, "1:U5cVwrVgLshgANPmc8hKzEcqp1M=");
}

// By their value, as the specification says; Zeek compares their bytes in the machine's order.
static void between_equal_addresses_the_lower_port_is_first(void **state)
{
	struct conn_summary summary = {.protocol = 6,
				       .address = {host("127.0.0.1"), host("127.0.0.1")},
				       .port = {80, 256}};

	assert_community(&summary, 0, "1:q4egOj1T+i+CHF9Sl1KBSQbd6jo=");
	summary.port[0] = 256;
	summary.port[1] = 80;
	assert_community(&summary, 0, "1:q4egOj1T+i+CHF9Sl1KBSQbd6jo=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_there_unless_it_is_wanted),
		cmocka_unit_test(all_follow_those_of_zeek_in_their_order),
		cmocka_unit_test(some_are_there_alone),
		cmocka_unit_test(what_is_unknown_is_unset),
		cmocka_unit_test(every_reason_has_a_word),
		cmocka_unit_test(a_connection_that_lives_has_no_reason),
		cmocka_unit_test(notes_are_a_set),
		cmocka_unit_test(the_longest_notes_fit),
		cmocka_unit_test(types_are_those_of_zeek),
		cmocka_unit_test(community_ids_are_those_that_were_published),
		cmocka_unit_test(sctp_without_ports_is_as_in_zeek),
		cmocka_unit_test(between_equal_addresses_the_lower_port_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
