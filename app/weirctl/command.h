/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

// weirctl's commands: what stands on the command line becomes one request.

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_COUNT,   // 4096, 4 Ki
	OPTION_SIZE,    // 64 KiB
	OPTION_SPAN,    // 5 min; in the request seconds
	OPTION_ACTIONS, // event,log
};

struct command_option {
	const char *name;      // on the command line
	const char *parameter; // in the request
	enum option_type type;
};

// What one word behind the command is.
enum word_type {
	WORD_NONE,
	WORD_UID,
	WORD_SPAN, // "inactivity"
	WORD_WHO,  // a uid, or the name of a rule
};

struct command {
	const char *name;
	const char *usage; // what follows the name
	const char *what;  // in one line
	const char *help;  // options, and an example
	enum word_type word[2];
	int words_least;
	const struct command_option *options;
	size_t option_count;
	// Makes good what the table cannot say; NULL: nothing. False with a message when it is
	// wrong.
	bool (*complete)(json_t *request);
	void (*print)(const json_t *answer); // the last line of the answer
};

extern const struct command commands[];
extern const size_t command_count;

// Exit statuses.
enum { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_UNREACHABLE };

// What is said before the command, or behind it.
struct globals {
	const char *socket; // NULL: where it is as a rule
	bool json;
	bool help;
};

// options.c: fills the request of a command from `argv`, which begins with the command's last word.
// False after a message.
bool options_read(const struct command *command, int argc, char **argv, struct globals *globals,
		  json_t *request);

// Says what is wrong, and how to find out what would be right.
void complain(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// exchange.c: sends the request and prints what is answered. Returns the exit status.
int exchange(const struct command *command, const struct globals *globals, const json_t *request);

// print.c: all of them to standard output.
void print_nothing(const json_t *answer);
void print_status(const json_t *answer);
void print_connection(const json_t *answer);
void print_timeouts(const json_t *answer);
void print_fired(const json_t *answer);
void print_note(const json_t *answer);
void print_end(const json_t *answer); // of a list
// One item of a list, as a row.
void print_item(const json_t *item);
