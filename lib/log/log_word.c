/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_word.h"

#include <assert.h>
#include <string.h>

struct log_word log_state_word[CONN_STATE_COUNT];
struct log_word log_transport_word[256];

static void set(struct log_word *word, const char *text)
{
	size_t length = strlen(text);

	assert(length <= sizeof(word->text));
	memcpy(word->text, text, length);
	word->length = (uint8_t)length;
}

void log_words_prepare(void)
{
	for (int state = 0; state < CONN_STATE_COUNT; state++)
		set(&log_state_word[state], conn_state_name((enum conn_state)state));
	for (int protocol = 0; protocol < 256; protocol++)
		set(&log_transport_word[protocol], conn_transport_name((uint8_t)protocol));
}
