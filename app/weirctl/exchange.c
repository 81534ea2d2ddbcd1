/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

// Longer than the service waits for a worker. What compiles filters takes as long as it takes: 0.
#define PATIENCE_S 60

// Where weir listens as a rule: what was started by hand, then what is a service.
static const char *const usual[] = {"weir.sock", "/run/weir/weir.sock"};

// Returns a descriptor, or a negative errno.
static int connect_to(const char *path, time_t seconds)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = seconds};
	int descriptor, result;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		return -errno;
	// The second is how long connecting may take, too.
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0)
		return descriptor;
	result = -errno;
	close(descriptor);
	return result;
}

static const char *explain(int error)
{
	switch (error) {
	case ENOENT:
		return "there is no such socket";
	case ECONNREFUSED:
		return "nobody listens there, weir has ended";
	case EACCES:
		return "you may not use it";
	case EAGAIN:
		return "it takes nobody in, weir is stopped or has too much to do";
	default:
		return strerror(error);
	}
}

static int reach(const char *path, time_t patience)
{
	int descriptor;

	if (path == NULL)
		path = getenv("WEIR_SOCKET");
	if (path != NULL && *path != '\0') {
		descriptor = connect_to(path, patience);
		if (descriptor < 0)
			fprintf(stderr,
				"weirctl: weir cannot be reached at %s: %s; -s SOCKET or "
				"WEIR_SOCKET says where it listens\n",
				path, explain(-descriptor));
		return descriptor;
	}
	for (int i = 0; i < 2; i++) {
		descriptor = connect_to(usual[i], patience);
		if (descriptor >= 0)
			return descriptor;
		if (descriptor != -ENOENT || i == 1)
			break;
	}
	fprintf(stderr,
		"weirctl: weir cannot be reached at ./%s or %s: %s; -s SOCKET or WEIR_SOCKET says "
		"where it listens\n",
		usual[0], usual[1], explain(-descriptor));
	return descriptor;
}

// Nothing is written where nobody listens: then weir said why before it closed.
static void send_request(int descriptor, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t length, sent = 0;

	if (text == NULL)
		return;
	length = strlen(text);
	text[length++] = '\n';
	while (sent < length) {
		ssize_t done = send(descriptor, text + sent, length - sent, MSG_NOSIGNAL);

		if (done <= 0 && errno != EINTR)
			break;
		if (done > 0)
			sent += (size_t)done;
	}
	free(text);
}

// Appends an item to those that are collected.
static void collect_item(json_t *collected, json_t *item)
{
	json_t *items = json_object_get(collected, "items");

	if (items == NULL) {
		items = json_array();
		json_object_set_new(collected, "items", items);
	}
	json_array_append(items, item);
}

// One line of the answer, which is printed, or, where something is collected, put there when it is
// good; -1 when more follow, else the exit status.
static int take_line(const struct command *command, const struct globals *globals,
		     json_t *collected, const char *line, size_t length)
{
	json_t *answer = json_loadb(line, length, 0, NULL);
	const json_t *good = json_object_get(answer, "ok");
	json_t *item = json_object_get(answer, "item");
	int status = -1;

	if (collected != NULL && item != NULL)
		collect_item(collected, item);
	else if (globals->json && (collected == NULL || !json_is_true(good)))
		fwrite(line, 1, length, stdout);
	else if (item != NULL)
		print_item(item);
	if (good == NULL && item == NULL) {
		complain(NULL, "what was answered is not understood: is it weir that listens "
			       "there?");
		status = EXIT_REFUSED;
	} else if (json_is_true(good)) {
		status = EXIT_DONE;
		if (collected != NULL)
			json_object_update(collected, answer);
		else if (!globals->json)
			command->print(answer);
	} else if (item == NULL) {
		const char *error = json_string_value(json_object_get(answer, "error"));

		status = EXIT_REFUSED;
		if (!globals->json)
			print_nothing(answer);
		fflush(stdout);
		complain(NULL, "%s", error != NULL ? error : "the request failed");
	}
	json_decref(answer);
	return status;
}

// A socket with a time limit gives up reading when the program was stopped and goes on (signal(7)).
static ssize_t read_answers(void *cookie, char *text, size_t size)
{
	ssize_t length;

	do {
		length = recv((int)(intptr_t)cookie, text, size, 0);
	} while (length < 0 && errno == EINTR);
	return length;
}

static int close_answers(void *cookie)
{
	return close((int)(intptr_t)cookie);
}

static int converse(const struct command *command, const struct globals *globals,
		    const json_t *request, json_t *collected)
{
	const cookie_io_functions_t functions = {.read = read_answers, .close = close_answers};
	int descriptor = reach(globals->socket, command->compiles ? 0 : PATIENCE_S), status = -1;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	FILE *answers;

	if (descriptor < 0)
		return EXIT_UNREACHABLE;
	answers = fopencookie((void *)(intptr_t)descriptor, "r", functions);
	if (answers == NULL) {
		close(descriptor);
		complain(NULL, "not enough memory");
		return EXIT_REFUSED;
	}
	send_request(descriptor, request);
	while (status < 0 && (length = getline(&line, &room, answers)) > 0) {
		status = take_line(command, globals, collected, line, (size_t)length);
		// Whoever reads this has enough, as `head` does; or a disk is full.
		if (ferror(stdout)) {
			output_failed(errno);
			status = EXIT_DONE;
		}
	}
	if (status < 0) {
		fflush(stdout);
		complain(NULL, "weir did not answer: %s",
			 ferror(answers) && errno == EAGAIN ? "it took more than a minute"
							    : "it ended, or closed the connection");
		status = EXIT_REFUSED;
	}
	free(line);
	fclose(answers);
	return status;
}

int exchange(const struct command *command, const struct globals *globals, const json_t *request)
{
	return converse(command, globals, request, NULL);
}

// The list that `request` asks for, about the connection that "uid" of `from` names, as `member`.
static int add_list(const struct command *command, const struct globals *globals,
		    const json_t *from, const char *request, const char *member, json_t *answer)
{
	json_t *asked = json_pack("{s:s,s:O}", "request", request, "uid",
				  json_object_get(from, "uid"));
	json_t *list = json_pack("{s:[]}", "items");
	int status = converse(command, globals, asked, list);

	json_object_set(answer, member, json_object_get(list, "items"));
	json_decref(list);
	json_decref(asked);
	return status;
}

int exchange_show(const struct command *command, const struct globals *globals,
		  const json_t *request)
{
	json_t *answer = json_object();
	int status = converse(command, globals, request, answer);

	if (status == EXIT_DONE)
		status = add_list(command, globals, request, "threshold list", "thresholds",
				  answer);
	if (status == EXIT_DONE)
		status = add_list(command, globals, request, "poll list", "polls", answer);
	// A connection that ended meanwhile is shown as far as it was told, after what was wrong.
	if (!json_is_true(json_object_get(answer, "ok"))) {
		json_decref(answer);
		return status;
	}
	if (globals->json) {
		// As many digits as the service writes.
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(16));
		putchar('\n');
	} else {
		command->print(answer);
	}
	json_decref(answer);
	return status;
}
