/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "watch/watch_request.h"

#include <stdbool.h>
#include <stddef.h>

// Requests to the worker that owns a connection, and its answers:
//
//   service --(requests, by value)--> worker --(answers, by value)--> service
//
// A pair of rings for each worker, bounded, in ordinary memory; no DPDK environment is needed.
struct bus_requests;

#define BUS_REQUESTS_MOST 1024

// NULL with a message when memory is out. Start-up only.
struct bus_requests *bus_requests_create(void);
void bus_requests_destroy(struct bus_requests *requests);

// Sends a request: false when the worker has not taken enough of the earlier ones yet, and the
// sender tries again. The service's thread only.
bool bus_request_send(struct bus_requests *requests, const struct watch_request *request);

// Takes up to `most` requests, the oldest first; returns how many. The worker only.
size_t bus_request_receive(struct bus_requests *requests, struct watch_request *list, size_t most);

// Sends an answer: false when there is no room for it; the worker tries again later and goes on
// with its packets. The worker only.
bool bus_answer_send(struct bus_requests *requests, const struct watch_answer *answer);

// Takes up to `most` answers, the oldest first; returns how many. The service's thread only.
size_t bus_answer_receive(struct bus_requests *requests, struct watch_answer *list, size_t most);
