/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

#include "conn/conn_history.h"

// A client (host 1, port 40000) and a server (host 2) that shook hands; both count from 101.
struct talk {
	uint16_t port;
	uint32_t next[2];
};

static void segment(struct tracking *tracking, struct talk *talk, unsigned from, uint8_t flags,
		    const void *data, uint16_t length)
{
	struct packet *packet = packet_between(tracking, PACKET_TCP, from + 1,
					       from == 0 ? 40000 : talk->port, 2 - from,
					       from == 0 ? talk->port : 40000);

	packet->tcp_flags = flags;
	packet->sequence = talk->next[from];
	packet->acknowledgement = talk->next[!from];
	packet->payload = data;
	packet->payload_length = packet->payload_captured = length;
	packet->ip_length = 40u + length;
	talk->next[from] += length + !!(flags & PACKET_TCP_SYN);
	track(tracking);
}

static struct talk talk_open(struct tracking *tracking, uint16_t port)
{
	struct talk talk = {.port = port, .next = {100, 100}};

	segment(tracking, &talk, 0, PACKET_TCP_SYN, NULL, 0);
	segment(tracking, &talk, 1, PACKET_TCP_SYN | PACKET_TCP_ACK, NULL, 0);
	segment(tracking, &talk, 0, PACKET_TCP_ACK, NULL, 0);
	return talk;
}

static void say(struct tracking *tracking, struct talk *talk, unsigned from, const void *data,
		size_t length)
{
	segment(tracking, talk, from, PACKET_TCP_ACK, data, (uint16_t)length);
}

static void assert_so_far(struct tracking *tracking, const char *expected)
{
	char history[CONN_HISTORY_SIZE + 1];
	uint8_t length = conn_history_copy(tracking->table, conn_of(tracking), history);

	history[length] = '\0';
	assert_string_equal(history, expected);
}

// A message of 29 bytes with its length in front.
#define DNS_STREAM(flags, opcode, questions)                                                       \
	{                                                                                          \
		0, 29, 0x12, 0x34, (uint8_t)((flags) | (opcode) << 3), 0, 0, questions             \
	}

static void a_dns_response_from_a_tcp_client_exchanges_the_roles(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t response[31] = DNS_STREAM(0x80, 0, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	say(tracking, &talk, 0, response, sizeof(response));
	assert_so_far(tracking, "ShAD^");
	assert_int_equal(conn_port(conn_of(tracking), CONN_ORIG), 53);
}

static void a_dns_message_is_read_when_it_is_complete(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t response[31] = DNS_STREAM(0x80, 0, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	for (size_t i = 0; i < sizeof(response) - 1; i++)
		say(tracking, &talk, 0, response + i, 1);
	assert_so_far(tracking, "ShAD");
	say(tracking, &talk, 0, response + 30, 1);
	assert_so_far(tracking, "ShAD^");
}

static void only_the_first_dns_message_decides_about_roles(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t query[31] = DNS_STREAM(0, 0, 1), response[31] = DNS_STREAM(0x80, 0, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	say(tracking, &talk, 0, query, sizeof(query));
	say(tracking, &talk, 0, response, sizeof(response));
	assert_so_far(tracking, "ShAD");
}

static void an_unknown_dns_operation_is_a_limit(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t inverse[31] = DNS_STREAM(0, 1, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	say(tracking, &talk, 0, inverse, sizeof(inverse));
	say(tracking, &talk, 0, inverse, sizeof(inverse));
	assert_so_far(tracking, "ShADX");
}

static void more_dns_questions_than_zeek_reads_are_a_limit(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t most[31] = DNS_STREAM(0, 0, 25), more[31] = DNS_STREAM(0, 0, 26);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	say(tracking, &talk, 0, most, sizeof(most));
	assert_so_far(tracking, "ShAD");
	say(tracking, &talk, 0, more, sizeof(more));
	assert_so_far(tracking, "ShADX");
}

static void dns_messages_shorter_than_their_header_are_passed_over(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t empty[2] = {0, 0}, brief[5] = {0, 3, 1, 2, 0xff};
	const uint8_t inverse[31] = DNS_STREAM(0, 1, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	say(tracking, &talk, 0, empty, sizeof(empty));
	say(tracking, &talk, 0, brief, sizeof(brief));
	assert_so_far(tracking, "ShAD");
	say(tracking, &talk, 0, inverse, sizeof(inverse));
	assert_so_far(tracking, "ShADX");
}

static void reading_stops_at_a_hole(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t inverse[31] = DNS_STREAM(0, 1, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	talk.next[0] += 1000;
	say(tracking, &talk, 0, inverse, sizeof(inverse));
	talk.next[0] = 101;
	say(tracking, &talk, 0, inverse, sizeof(inverse));
	assert_so_far(tracking, "ShADT");
}

static void bytes_that_are_sent_twice_are_read_once(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t query[31] = DNS_STREAM(0, 0, 1), inverse[31] = DNS_STREAM(0, 1, 1);
	uint8_t both[36];
	struct talk talk;

	memcpy(both, query + 26, 5);
	memcpy(both + 5, inverse, 31);
	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 53);
	say(tracking, &talk, 0, query, sizeof(query));
	talk.next[0] -= 5;
	say(tracking, &talk, 0, both, sizeof(both));
	assert_so_far(tracking, "ShADX");
}

static void other_ports_are_not_read(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t inverse[31] = DNS_STREAM(0, 1, 1);
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 54);
	say(tracking, &talk, 0, inverse, sizeof(inverse));
	assert_so_far(tracking, "ShAD");
}

// A log-off, with the place of the next command in a chain at `next`.
static void smb_message(uint8_t *message, uint8_t size, uint8_t command, uint8_t next)
{
	memset(message, 0, size + 4u);
	message[3] = size;
	memcpy(message + 4, "\xffSMB\x74", 5);
	message[4 + 32] = 2;
	message[4 + 33] = command;
	message[4 + 35] = next;
}

static void an_smb_chain_that_does_not_advance_is_a_limit(void **state)
{
	struct tracking *tracking = *state;
	uint8_t good[80], bad[80];
	struct talk talk;

	smb_message(good, 76, 0xff, 0);
	smb_message(bad, 76, 0x74, 32);
	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 445);
	say(tracking, &talk, 0, good, sizeof(good));
	assert_so_far(tracking, "ShAD");
	say(tracking, &talk, 0, bad, sizeof(bad));
	assert_so_far(tracking, "ShADX");
}

static void an_smb_chain_of_more_than_ten_is_a_limit(void **state)
{
	struct tracking *tracking = *state;
	uint8_t message[164];
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 445);
	for (unsigned links = 10; links <= 11; links++) {
		smb_message(message, 160, 0x74, 39);
		for (unsigned i = 1; i <= links; i++) {
			uint8_t *block = message + 4 + 32 + 7 * i;

			block[1] = i == links ? 0xff : 0x74;
			block[3] = (uint8_t)(32 + 7 * (i + 1));
		}
		say(tracking, &talk, 0, message, sizeof(message));
		assert_so_far(tracking, links == 10 ? "ShAD" : "ShADX");
	}
}

static void a_line_of_16_mib_is_a_limit(void **state)
{
	struct tracking *tracking = *state;
	static uint8_t text[32768];
	struct talk talk;

	memset(text, 'a', sizeof(text));
	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 21);
	say(tracking, &talk, 0, "USER a\r\n", 8);
	for (int i = 0; i < 511; i++) {
		say(tracking, &talk, 0, text, sizeof(text));
		segment(tracking, &talk, 1, PACKET_TCP_ACK, NULL, 0);
	}
	assert_so_far(tracking, "ShADa");
	say(tracking, &talk, 0, text, sizeof(text));
	assert_so_far(tracking, "ShADaX");
}

// A key exchange packet whose first list has `names` algorithms.
static size_t ssh_exchange(uint8_t *packet, unsigned names)
{
	uint32_t list = names * 2 - 1, total = 2 + 16 + 4 + list + 9 * 4 + 5;

	memset(packet, 0, total + 4);
	packet[2] = (uint8_t)(total >> 8);
	packet[3] = (uint8_t)total;
	packet[5] = 20;
	packet[22 + 2] = (uint8_t)(list >> 8);
	packet[22 + 3] = (uint8_t)list;
	for (uint32_t i = 0; i < list; i++)
		packet[26 + i] = i % 2 == 0 ? 'a' : ',';
	return total + 4;
}

static void more_than_a_hundred_ssh_algorithms_are_a_limit(void **state)
{
	struct tracking *tracking = *state;
	uint8_t packet[512];
	struct talk talk;
	size_t length;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 22);
	say(tracking, &talk, 0, "hello\r\nSSH-2.0-x\r\n", 18);
	length = ssh_exchange(packet, 100);
	say(tracking, &talk, 0, packet, length);
	assert_so_far(tracking, "ShAD");
	length = ssh_exchange(packet, 101);
	for (size_t i = 0; i + 1 < length; i++)
		say(tracking, &talk, 0, packet + i, 1);
	assert_so_far(tracking, "ShAD");
	say(tracking, &talk, 0, packet + length - 1, 1);
	assert_so_far(tracking, "ShADX");
}

static void nothing_is_read_after_new_ssh_keys(void **state)
{
	struct tracking *tracking = *state;
	const uint8_t keys[8] = {0, 0, 0, 4, 2, 21, 0, 0};
	uint8_t packet[512];
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 22);
	say(tracking, &talk, 0, "SSH-2.0-x\r\n", 11);
	say(tracking, &talk, 0, keys, sizeof(keys));
	say(tracking, &talk, 0, packet, ssh_exchange(packet, 101));
	assert_so_far(tracking, "ShAD");
}

// The header `Subject` with `lines` further lines of 1000 bytes.
static void say_mail(struct tracking *tracking, struct talk *talk, unsigned lines)
{
	static uint8_t line[1002];

	memset(line, ' ', sizeof(line));
	line[1000] = '\r';
	line[1001] = '\n';
	say(tracking, talk, 0, "From: a\r\nSubject: b\r\n", 21);
	for (unsigned i = 0; i < lines; i++) {
		say(tracking, talk, 0, line, sizeof(line));
		segment(tracking, talk, 1, PACKET_TCP_ACK, NULL, 0);
	}
	say(tracking, talk, 0, "\r\nbody\r\n.\r\n", 11);
}

static void a_mail_header_beyond_64_kib_is_a_limit(void **state)
{
	struct tracking *tracking = *state;
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 25);
	say(tracking, &talk, 0, "HELO a\r\nDATA\r\n", 14);
	say_mail(tracking, &talk, 66);
	assert_so_far(tracking, "ShADa");
	say(tracking, &talk, 0, "DATA\r\n", 6);
	say_mail(tracking, &talk, 67);
	assert_so_far(tracking, "ShADaX");
}

static void mail_is_not_read_once_it_is_encrypted(void **state)
{
	struct tracking *tracking = *state;
	struct talk talk;

	tracking_start(tracking, NULL);
	talk = talk_open(tracking, 587);
	say(tracking, &talk, 0, "STARTTLS\r\nDATA\r\n", 16);
	say_mail(tracking, &talk, 80);
	assert_so_far(tracking, "ShADa");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dns_response_from_a_tcp_client_exchanges_the_roles),
		TEST(a_dns_message_is_read_when_it_is_complete),
		TEST(only_the_first_dns_message_decides_about_roles),
		TEST(an_unknown_dns_operation_is_a_limit),
		TEST(more_dns_questions_than_zeek_reads_are_a_limit),
		TEST(dns_messages_shorter_than_their_header_are_passed_over),
		TEST(reading_stops_at_a_hole),
		TEST(bytes_that_are_sent_twice_are_read_once),
		TEST(other_ports_are_not_read),
		TEST(an_smb_chain_that_does_not_advance_is_a_limit),
		TEST(an_smb_chain_of_more_than_ten_is_a_limit),
		TEST(a_line_of_16_mib_is_a_limit),
		TEST(a_mail_header_beyond_64_kib_is_a_limit),
		TEST(mail_is_not_read_once_it_is_encrypted),
		TEST(more_than_a_hundred_ssh_algorithms_are_a_limit),
		TEST(nothing_is_read_after_new_ssh_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
