/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn_fixture.h"

#define KEYS 4000

// Host `number` talks to host 0; its hash, when `hash` is not 0, is that.
static struct packet *packet_of(struct tracking *tracking, uint32_t number, uint64_t hash)
{
	struct packet *packet = packet_between(tracking, PACKET_UDP, number + 1, 40000, 0, 53);

	if (hash != 0)
		packet->hash = hash;
	return packet;
}

static int insert(struct tracking *tracking, uint32_t number, uint64_t hash)
{
	struct packet *packet = packet_of(tracking, number, hash);

	tracking->table->conn[number].key = packet->key;
	return conn_index_insert(tracking->table, packet->hash, number);
}

static void remove_key(struct tracking *tracking, uint32_t number, uint64_t hash)
{
	conn_index_remove(tracking->table, packet_of(tracking, number, hash)->hash, number);
}

static bool found(struct tracking *tracking, uint32_t number, uint64_t hash)
{
	struct conn *conn = conn_index_find(tracking->table, packet_of(tracking, number, hash));

	if (conn == NULL)
		return false;
	assert_ptr_equal(conn, &tracking->table->conn[number]);
	return true;
}

static void start(struct tracking *tracking, uint32_t maximum)
{
	tracking->settings.maximum = maximum;
	tracking_start(tracking, NULL);
}

static void what_was_inserted_is_found(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, KEYS);
	for (uint32_t i = 0; i < KEYS; i++) {
		assert_false(found(tracking, i, 0));
		assert_int_equal(insert(tracking, i, 0), 0);
		assert_true(found(tracking, i, 0));
	}
	for (uint32_t i = 0; i < KEYS; i++)
		assert_true(found(tracking, i, 0));
}

static void what_was_removed_is_not_found(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, KEYS);
	for (uint32_t i = 0; i < KEYS; i++)
		insert(tracking, i, 0);
	for (uint32_t i = 0; i < KEYS; i += 2)
		remove_key(tracking, i, 0);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(found(tracking, i, 0), i % 2);
}

// All in one bucket: eight in it, the rest in a chain of further ones. Bits from 48 on make the
// tag.
static uint64_t crowded(uint32_t number, unsigned tags)
{
	return (uint64_t)(number % tags + 1) << 48 | (uint64_t)number << 32 | 5;
}

static void a_crowded_bucket_grows_a_chain(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, 256);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(insert(tracking, i, crowded(i, 1000)), 0);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(found(tracking, i, crowded(i, 1000)));
}

static void keys_of_one_tag_are_told_apart(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, 256);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(insert(tracking, i, crowded(i, 1)), 0);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(found(tracking, i, crowded(i, 1)));
	for (uint32_t i = 0; i < 100; i += 3)
		remove_key(tracking, i, crowded(i, 1));
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(found(tracking, i, crowded(i, 1)), i % 3 != 0);
}

static void a_hash_whose_tag_is_zero_is_found(void **state)
{
	struct tracking *tracking = *state;

	start(tracking, 64);
	assert_int_equal(insert(tracking, 0, 5), 0);
	assert_int_equal(insert(tracking, 1, UINT64_C(1) << 48 | 5), 0);
	assert_true(found(tracking, 0, 5));
	assert_true(found(tracking, 1, UINT64_C(1) << 48 | 5));
	remove_key(tracking, 0, 5);
	assert_false(found(tracking, 0, 5));
	assert_true(found(tracking, 1, UINT64_C(1) << 48 | 5));
}

static uint32_t overflow_left(const struct conn_table *table)
{
	uint32_t left = table->overflow_end - table->overflow_fresh;

	for (uint32_t at = table->overflow_free; at != 0; at = table->bucket[at - 1].overflow)
		left++;
	return left;
}

static void buckets_of_a_chain_come_back(void **state)
{
	struct tracking *tracking = *state;
	uint32_t left;

	start(tracking, 256);
	left = overflow_left(tracking->table);
	for (int round = 0; round < 1000; round++) {
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(insert(tracking, i, crowded(i, 7)), 0);
		assert_int_equal(overflow_left(tracking->table), left - 12);
		for (uint32_t i = 0; i < 100; i++)
			remove_key(tracking, round % 2 ? i : 99 - i,
				   crowded(round % 2 ? i : 99 - i, 7));
		assert_int_equal(overflow_left(tracking->table), left);
	}
}

static void without_buckets_for_a_chain_nothing_is_lost(void **state)
{
	struct tracking *tracking = *state;
	uint32_t inserted = 0;

	start(tracking, 4096);
	while (inserted < 4096 && insert(tracking, inserted, crowded(inserted, 500)) == 0)
		inserted++;
	assert_true(inserted < 4096);
	assert_int_equal(overflow_left(tracking->table), 0);
	for (uint32_t i = 0; i < inserted; i++)
		assert_true(found(tracking, i, crowded(i, 500)));
	assert_false(found(tracking, inserted, crowded(inserted, 500)));
	remove_key(tracking, 3, crowded(3, 500));
	assert_int_equal(insert(tracking, inserted, crowded(inserted, 500)), 0);
	assert_true(found(tracking, inserted, crowded(inserted, 500)));
}

// Half of the hashes fall into few buckets, so that chains grow and shrink all the time.
static uint64_t model_hash(uint32_t number)
{
	uint64_t hash = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	return number % 2 ? hash : (hash & ~UINT64_C(0xffff)) | hash % 4;
}

static void random_use_agrees_with_a_list(void **state)
{
	struct tracking *tracking = *state;
	bool there[KEYS] = {0};

	start(tracking, KEYS);
	srandom(9);
	for (int i = 0; i < 300000; i++) {
		uint32_t number = (uint32_t)random() % (i < 150000 ? KEYS : 500);
		uint64_t hash = model_hash(number);

		assert_int_equal(found(tracking, number, hash), there[number]);
		if (there[number])
			remove_key(tracking, number, hash);
		else if (insert(tracking, number, hash) < 0)
			continue;
		there[number] ^= true;
	}
	for (uint32_t i = 0; i < KEYS; i++)
		assert_int_equal(found(tracking, i, model_hash(i)), there[i]);
}

static void the_likely_record_is_the_one_that_is_found(void **state)
{
	struct tracking *tracking = *state;
	uint32_t agreed = 0;

	start(tracking, KEYS);
	for (uint32_t i = 0; i < KEYS; i++)
		insert(tracking, i, 0);
	for (uint32_t i = 0; i < KEYS; i++) {
		struct packet *packet = packet_of(tracking, i, 0);

		agreed += conn_index_likely(tracking->table, packet) ==
			  conn_index_find(tracking->table, packet);
	}
	assert_true(agreed > KEYS * 9 / 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracking_create, tracking_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_inserted_is_found),
		TEST(what_was_removed_is_not_found),
		TEST(a_crowded_bucket_grows_a_chain),
		TEST(keys_of_one_tag_are_told_apart),
		TEST(a_hash_whose_tag_is_zero_is_found),
		TEST(buckets_of_a_chain_come_back),
		TEST(without_buckets_for_a_chain_nothing_is_lost),
		TEST(random_use_agrees_with_a_list),
		TEST(the_likely_record_is_the_one_that_is_found),
	};

	return cmocka_run_group_tests_name("conn_index", tests, NULL, NULL);
}
