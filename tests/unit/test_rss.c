/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
// A parameter of DPDK's has the name of our key, and must not shadow it.
#include <rte_thash.h>

#include "capture/rss.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct packet_key random_key(bool v6, uint8_t protocol)
{
	struct packet_key key = {.protocol = protocol};

	for (int end = 0; end < 2; end++) {
		uint8_t *byte = key.address[end].byte;

		if (!v6)
			byte[10] = byte[11] = 0xff;
		for (int i = v6 ? 0 : 12; i < 16; i++)
			byte[i] = (uint8_t)random();
		if (v6)
			byte[0] = 0x20;
		key.port[end] = (uint16_t)random();
	}
	return key;
}

// What DPDK computes for a card with our key; `from` is the end that sends.
static uint32_t reference(const struct packet_key *key, int from)
{
	bool v6 = !address_is_v4(&key->address[0]);
	int skip = v6 ? 0 : 12, words = 0;
	uint32_t tuple[9];

	for (int end = 0; end < 2; end++) {
		for (int i = skip; i < 16; i += 4)
			tuple[words++] = bytes_be32(key->address[from ^ end].byte + i);
	}
	if (key->protocol == PACKET_TCP || key->protocol == PACKET_UDP)
		tuple[words++] = (uint32_t)key->port[from] << 16 | key->port[from ^ 1];
	return rte_softrss(tuple, (uint32_t)words, rss_key);
}

static void assert_agrees(bool v6, uint8_t protocol)
{
	for (int i = 0; i < 20000; i++) {
		struct packet_key key = random_key(v6, protocol);

		assert_int_equal(rss_hash(&key), reference(&key, 0));
		assert_int_equal(rss_hash(&key), reference(&key, 1));
	}
}

static void ipv4_with_ports_hashes_as_on_a_card(void **state)
{
	assert_agrees(false, PACKET_TCP);
	assert_agrees(false, PACKET_UDP);
}

static void ipv6_with_ports_hashes_as_on_a_card(void **state)
{
	assert_agrees(true, PACKET_TCP);
	assert_agrees(true, PACKET_UDP);
}

static void other_protocols_hash_by_address_alone(void **state)
{
	assert_agrees(false, PACKET_ICMP);
	assert_agrees(true, PACKET_ICMPV6);
	assert_agrees(false, 132);
}

static void swap_ends(struct packet_key *key)
{
	struct address address = key->address[0];
	uint16_t port = key->port[0];

	key->address[0] = key->address[1];
	key->address[1] = address;
	key->port[0] = key->port[1];
	key->port[1] = port;
}

// One-way ICMP has two keys for its two directions; both belong to one worker.
static void both_directions_hash_alike(void **state)
{
	for (int i = 0; i < 10000; i++) {
		struct packet_key key = random_key(i % 2, PACKET_TCP);
		uint32_t hash = rss_hash(&key);

		swap_ends(&key);
		assert_int_equal(rss_hash(&key), hash);
	}
}

static void the_work_is_spread_evenly(void **state)
{
	static const uint32_t workers[] = {1, 2, 3, 4, 7, 8, 16, 31};

	for (unsigned i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
		uint32_t count[32] = {0}, even;

		rss_prepare(workers[i]);
		for (int j = 0; j < 100000; j++) {
			struct packet_key key = random_key(j % 2, PACKET_UDP);
			uint8_t worker = rss_worker(rss_hash(&key));

			assert_true(worker < workers[i]);
			count[worker]++;
		}
		even = 100000 / workers[i];
		// The indirection table has 128 entries: of 31 workers some have 5 and some 4.
		for (uint32_t j = 0; j < workers[i]; j++)
			assert_in_range(count[j], even * 9 / 10 - 100, even * 5 / 4 + 100);
	}
	rss_prepare(4);
}

static void a_table_of_a_card_that_repeats_ours_chooses_the_same(void **state)
{
	for (uint32_t hash = 0; hash < 100000; hash += 7)
		assert_int_equal(rss_worker(hash), rss_entry[(hash % 512) % RSS_ENTRIES]);
}

static int prepare(void **state)
{
	srandom(6);
	rss_prepare(4);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_with_ports_hashes_as_on_a_card),
		cmocka_unit_test(ipv6_with_ports_hashes_as_on_a_card),
		cmocka_unit_test(other_protocols_hash_by_address_alone),
		cmocka_unit_test(both_directions_hash_alike),
		cmocka_unit_test(the_work_is_spread_evenly),
		cmocka_unit_test(a_table_of_a_card_that_repeats_ours_chooses_the_same),
	};

	return cmocka_run_group_tests_name("rss", tests, prepare, NULL);
}
