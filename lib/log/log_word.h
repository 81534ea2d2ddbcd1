/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"

#include <stdint.h>

// Names of our own, which need no escapes, ready to be copied whole: looking at how long each is
// would cost more than the copy.

#define LOG_WORD_SIZE 31

struct log_word {
	char text[LOG_WORD_SIZE];
	uint8_t length;
};

// By enum conn_state, and by the number of a protocol.
extern struct log_word log_state_word[CONN_STATE_COUNT];
extern struct log_word log_transport_word[256];

// Fills the two in. Start-up only; doing it again changes nothing.
void log_words_prepare(void);
