/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/monotonic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client *client_create(int descriptor)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->descriptor = descriptor;
	client->heard = monotonic_now();
	return client;
}

void client_destroy(struct service *service, struct client *client)
{
	listing_destroy(service, client->listing);
	change_leave(service, client->change);
	close(client->descriptor);
	free(client->id);
	free(client->output.data);
	free(client->input);
	free(client);
}

void client_read(struct client *client)
{
	ssize_t got;

	if (client->input == NULL)
		client->input = malloc(SERVICE_LINE_MOST);
	if (client->input == NULL) {
		client->gone = true;
		return;
	}
	if (client->filled == SERVICE_LINE_MOST)
		return;
	got = recv(client->descriptor, client->input + client->filled,
		   SERVICE_LINE_MOST - client->filled, 0);
	if (got > 0) {
		client->filled += (size_t)got;
		client->heard = monotonic_now();
	} else if (got == 0) {
		client->ended = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		client->gone = true;
	}
}

static const char *line_end(const struct client *client)
{
	return client->filled > 0 ? memchr(client->input, '\n', client->filled) : NULL;
}

bool client_has_line(const struct client *client)
{
	// The last one needs no end.
	return client->filled > 0 && (client->ended || client->filled == SERVICE_LINE_MOST ||
				      client->skipping || line_end(client) != NULL);
}

static void drop_input(struct client *client, size_t length)
{
	client->filled -= length;
	memmove(client->input, client->input + length, client->filled);
}

// Drops the rest of a line that was too long.
static void skip(struct client *client)
{
	const char *end = line_end(client);

	client->skipping = end == NULL;
	drop_input(client, end != NULL ? (size_t)(end - client->input) + 1 : client->filled);
}

void client_take_line(struct service *service, struct client *client)
{
	const char *end;
	size_t length;

	if (client->gone || client->doing != CLIENT_IDLE || !client_has_line(client) ||
	    client_pending(client) >= SERVICE_OUTPUT_ENOUGH)
		return;
	if (client->skipping) {
		skip(client);
		return;
	}
	end = line_end(client);
	if (end == NULL && client->filled == SERVICE_LINE_MOST) {
		answer_error(
			client,
			"a line has more than %d bytes, and is left out; a request is one line "
			"of JSON, such as {\"request\": \"status\"}",
			SERVICE_LINE_MOST - 1);
		skip(client);
		return;
	}
	length = end != NULL ? (size_t)(end - client->input) : client->filled;
	request_serve(service, client, client->input, length);
	drop_input(client, end != NULL ? length + 1 : length);
}

void client_write(struct service *service, struct client *client)
{
	struct service_output *output = &client->output;
	ssize_t sent;

	if (client->gone)
		return;
	if (client_pending(client) == 0) {
		client->gone = client->ended && client->doing == CLIENT_IDLE && client->filled == 0;
		return;
	}
	sent = send(client->descriptor, output->data + output->begin, client_pending(client),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0) {
		client->progress = monotonic_now();
		output->begin += (size_t)sent;
		if (output->begin == output->end)
			output->begin = output->end = 0;
	} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		client->gone = true;
	} else if (monotonic_now() - client->progress > service->write_time) {
		client->gone = true;
	}
}
