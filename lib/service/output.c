/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/monotonic.h"

#include "base/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Makes room for so much more; false when the client has more to read already than it may.
static bool make_room(struct client *client, size_t length)
{
	struct service_output *output = &client->output;
	size_t room = output->room > 0 ? output->room : 4096;
	char *data;

	if (output->room - output->end >= length)
		return true;
	if (output->begin > 0)
		memmove(output->data, output->data + output->begin, output->end - output->begin);
	output->end -= output->begin;
	output->begin = 0;
	if (output->end + length > SERVICE_OUTPUT_MOST)
		return false;
	while (room < output->end + length)
		room *= 2;
	if (room == output->room)
		return true;
	data = realloc(output->data, room);
	if (data == NULL)
		return false;
	output->data = data;
	output->room = room;
	return true;
}

void output_text(struct client *client, const char *text, size_t length)
{
	struct service_output *output = &client->output;

	if (client->gone)
		return;
	if (!make_room(client, length)) {
		client->gone = true;
		return;
	}
	// Until now there was nothing that it could have taken.
	if (output->begin == output->end)
		client->progress = monotonic_now();
	memcpy(output->data + output->end, text, length);
	output->end += length;
}

void output_begin(struct client *client)
{
	output_text(client, "{", 1);
	if (client->id == NULL)
		return;
	output_text(client, "\"id\":", 5);
	output_text(client, client->id, strlen(client->id));
	output_text(client, ",", 1);
}

static int append(const char *text, size_t length, void *context)
{
	output_text(context, text, length);
	return 0;
}

void output_end(struct client *client, const json_t *members)
{
	// Without the brackets around them.
	json_dump_callback(members, append, client, JSON_COMPACT | JSON_EMBED);
	output_text(client, "}\n", 2);
}

static void done(struct client *client)
{
	free(client->id);
	client->id = NULL;
	client->doing = CLIENT_IDLE;
}

void answer_ok(struct client *client, json_t *members)
{
	json_t *answer = json_pack("{s:b}", "ok", 1);

	if (members != NULL)
		json_object_update(answer, members);
	output_begin(client);
	output_end(client, answer);
	json_decref(answer);
	json_decref(members);
	done(client);
}

void answer_items(struct client *client, uint64_t count)
{
	answer_ok(client, json_pack("{s:I}", "count", (json_int_t)count));
}

void answer_error(struct client *client, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	json_t *answer, *error;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	error = json_string(text);
	// Cut in the midst of a character.
	for (char *at = text; error == NULL && *at != '\0'; at++) {
		if (*at & 0x80)
			*at = '?';
	}
	if (error == NULL)
		error = json_string(text);
	answer = json_pack("{s:b,s:o}", "ok", 0, "error", error);
	output_begin(client);
	output_end(client, answer);
	json_decref(answer);
	done(client);
}

void answer_item(struct client *client, const json_t *item)
{
	json_t *members = json_pack("{s:O}", "item", item);

	output_begin(client);
	output_end(client, members);
	json_decref(members);
}
