/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <getopt.h>
#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

// weirctl's commands: what stands on the command line becomes one request.

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NAME,
	OPTION_SORT,
	OPTION_FEATURE,
	OPTION_ABOVE,   // its unit depends on the feature
	OPTION_ACTIONS, // event,log
	// Numbers from 1 on:
	OPTION_LIMIT, // 4096, 4 Ki
	OPTION_COUNT, // the same, of packets
	OPTION_SIZE,  // 64 KiB
	OPTION_SPAN,  // 5 min; in the request seconds
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
	// Makes good what the table cannot say, see complete.c; NULL: nothing. False with a message
	// when it is wrong.
	bool (*complete)(const struct command *command, json_t *request);
	void (*print)(const json_t *answer); // the last line of the answer
	bool shows;                          // one connection: asked with exchange_show()
	bool compiles;                       // a filter, which takes as long as it takes
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

// Says what is wrong with an option for which getopt_long(argc, argv, ":...", list) returned
// `found`, '?' or ':'. `command` is NULL for those before the command.
void options_complain(const struct command *command, const struct option *list, int found,
		      char **argv);

// main.c: printing failed, with this errno; that is told at the end.
void output_failed(int error);

// Says what is wrong, and how to find out what would be right.
void complain(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// complete.c: is it clear what is meant, and is all there that is needed?
bool complete_conns(const struct command *command, json_t *request);
bool complete_threshold_add(const struct command *command, json_t *request);
bool complete_threshold_delete(const struct command *command, json_t *request);
bool complete_poll_add(const struct command *command, json_t *request);
bool complete_poll_delete(const struct command *command, json_t *request);

// exchange.c: sends the request and prints what is answered. Returns the exit status.
int exchange(const struct command *command, const struct globals *globals, const json_t *request);
// The same for a connection, together with its thresholds and polls, which are requests of their own.
int exchange_show(const struct command *command, const struct globals *globals,
		  const json_t *request);

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
