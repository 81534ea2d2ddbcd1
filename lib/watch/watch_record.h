/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_summary.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

// A connection as it was when a rule with the action `log` fired; for one line of watch.log.
struct watch_record {
	struct conn_summary conn;
	uint64_t time;  // packet time, ns
	uint64_t value; // that was crossed, or found
	uint16_t name;  // see watch_name.h
	uint8_t kind;   // enum watch_kind, or enum watch_feature
	bool poll;
	uint8_t side;
} __attribute__((aligned(64)));

static_assert(sizeof(struct watch_record) == 448, "rings copy words of 4 bytes");

#define WATCH_NOTE_SIZE 252

// What removal hooks added to a connection's line: one follows each summary that says `noted`.
struct watch_note {
	uint16_t length;
	char text[WATCH_NOTE_SIZE - 2]; // "name=value,name=value"
};

static_assert(sizeof(struct watch_note) == WATCH_NOTE_SIZE, "rings copy words of 4 bytes");
