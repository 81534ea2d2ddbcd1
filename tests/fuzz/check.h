/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What must hold whatever the input is; the fuzzer keeps an input that breaks it.
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

// The input, taken from the front. What is not there reads as zero.
struct input {
	const uint8_t *data;
	size_t left;
};

static inline uint8_t take_8(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

static inline uint16_t take_16(struct input *input)
{
	uint16_t low = take_8(input);

	return (uint16_t)(low | take_8(input) << 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
