/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "bus/bus_request.h"

#include "base/message.h"
#include "bus/bus.h"

#include <stdlib.h>

struct bus_requests {
	struct bus_ring *requests;
	struct bus_ring *answers;
};

struct bus_requests *bus_requests_create(void)
{
	struct bus_requests *requests = calloc(1, sizeof(*requests));

	if (requests == NULL) {
		message_error("no memory for the rings that carry requests");
		return NULL;
	}
	requests->requests = bus_ring_create(sizeof(struct watch_request), BUS_REQUESTS_MOST);
	requests->answers = bus_ring_create(sizeof(struct watch_answer), BUS_REQUESTS_MOST);
	if (requests->requests == NULL || requests->answers == NULL) {
		bus_requests_destroy(requests);
		return NULL;
	}
	return requests;
}

void bus_requests_destroy(struct bus_requests *requests)
{
	if (requests == NULL)
		return;
	bus_ring_destroy(requests->requests);
	bus_ring_destroy(requests->answers);
	free(requests);
}

bool bus_request_send(struct bus_requests *requests, const struct watch_request *request)
{
	return bus_ring_put(requests->requests, request, 1) == 1;
}

size_t bus_request_receive(struct bus_requests *requests, struct watch_request *list, size_t most)
{
	return bus_ring_take(requests->requests, list, most);
}

bool bus_answer_send(struct bus_requests *requests, const struct watch_answer *answer)
{
	return bus_ring_put(requests->answers, answer, 1) == 1;
}

size_t bus_answer_receive(struct bus_requests *requests, struct watch_answer *list, size_t most)
{
	return bus_ring_take(requests->answers, list, most);
}
