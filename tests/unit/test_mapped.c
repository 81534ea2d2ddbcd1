/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/mapped.h"

#include "trace_fixture.h"

#define PAGE  65536
#define PAGES 4

static uint8_t pattern[PAGES * PAGE];

// Returns the descriptor of a file that holds the pattern.
static int open_pattern(struct place *place)
{
	int descriptor;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % 251 + 1);
	write_file(place->path[0], pattern, sizeof(pattern));
	descriptor = open(place->path[0], O_RDONLY);
	assert_true(descriptor >= 0);
	return descriptor;
}

static void a_piece_of_a_file_lies_where_it_was_wanted(void **state)
{
	uint8_t *area = mapped_area_create(2 * PAGE);
	int descriptor = open_pattern(*state);

	assert_non_null(area);
	assert_int_equal(mapped_piece(area + PAGE, descriptor, PAGE, PAGE), 0);
	assert_memory_equal(area + PAGE, pattern + PAGE, PAGE);
	assert_int_equal(area[0], 0);
	assert_int_equal(mapped_piece(area + PAGE, descriptor, 3 * PAGE, 10), 0);
	assert_memory_equal(area + PAGE, pattern + 3 * PAGE, 10);
	mapped_area_destroy(area);
	close(descriptor);
}

static void what_is_taken_away_reads_as_zeros_and_is_told(void **state)
{
	struct place *place = *state;
	uint8_t *area = mapped_area_create(PAGES * PAGE);
	int descriptor = open_pattern(place);
	unsigned losses = mapped_losses;
	const volatile uint8_t *byte = area;

	assert_non_null(area);
	assert_int_equal(mapped_piece(area, descriptor, 0, PAGES * PAGE), 0);
	assert_int_equal(truncate(place->path[0], PAGE), 0);
	assert_int_equal(byte[PAGE - 1], pattern[PAGE - 1]);
	assert_int_equal(mapped_losses, losses);
	assert_int_equal(byte[2 * PAGE + 5], 0);
	assert_int_equal(byte[3 * PAGE], 0);
	assert_true(mapped_losses > losses);
	mapped_area_destroy(area);
	close(descriptor);
}

static void what_is_not_there_any_more_is_an_error(void **state)
{
	struct place *place = *state;
	uint8_t *area = mapped_area_create(PAGE);
	int descriptor = open_pattern(place);

	assert_int_equal(truncate(place->path[0], PAGE), 0);
	assert_true(mapped_piece(area, descriptor, 2 * PAGE, PAGE) < 0);
	mapped_area_destroy(area);
	close(descriptor);
}

static void a_pipe_is_not_mapped(void **state)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_false(mapped_is_better(ends[0]));
	close(ends[0]);
	close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_piece_of_a_file_lies_where_it_was_wanted),
		TEST(what_is_taken_away_reads_as_zeros_and_is_told),
		TEST(what_is_not_there_any_more_is_an_error),
		TEST(a_pipe_is_not_mapped),
	};

	return cmocka_run_group_tests_name("mapped", tests, NULL, NULL);
}
