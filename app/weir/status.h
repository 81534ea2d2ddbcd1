/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "requests.h"

#include <jansson.h>

#include <stdint.h>

// What a weir that runs tells about itself. All for the thread that answers requests.

// What was counted at some moment, to tell rates.
struct status_sample {
	uint64_t time; // ns, monotonic
	uint64_t packets;
	uint64_t bytes;
	uint64_t connections;
};

struct status {
	uint64_t started;          // ns, monotonic
	struct status_sample last; // at least a second before the next one
	double packet_rate, byte_rate, connection_rate;
};

// Nothing was counted so far. Start-up only.
void status_start(struct status *status);

// The answer to the request `status`, an object that the caller owns; NULL without memory.
json_t *status_make(struct status *status, const struct requests_settings *settings);
