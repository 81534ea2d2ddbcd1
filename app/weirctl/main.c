/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#include "base/standard.h"
#include "config/suggest.h"
#include "weir/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COMMANDS_MOST 32

static void print_overview(void)
{
	puts("weirctl asks a weir that runs, and tells it what to watch.\n"
	     "\n"
	     "  weirctl [-s SOCKET] [--json] COMMAND ...\n");
	for (size_t i = 0; i < command_count; i++)
		printf("  %-15s %s\n", commands[i].name, commands[i].what);
	puts("\n  weirctl help COMMAND    options of a command, and an example\n"
	     "\n"
	     "  -s, --socket SOCKET     where weir listens; WEIR_SOCKET says so too; else "
	     "./weir.sock or\n"
	     "                          /run/weir/weir.sock\n"
	     "      --json              the answer as it came, one JSON object a line\n"
	     "      --version, -h, --help\n"
	     "\n"
	     "Exit status: 0 done, 1 the request failed, 2 the command line is wrong, 3 weir "
	     "cannot "
	     "be reached.");
}

static void print_help(const struct command *command)
{
	printf("weirctl %s%s%s\n\n%c%s.\n\n%s", command->name, *command->usage != '\0' ? " " : "",
	       command->usage, command->what[0] - 'a' + 'A', command->what + 1, command->help);
}

// The command with which `words` begin; *used: how many of them it has. NULL when there is none.
static const struct command *find(int count, char **words, int *used)
{
	for (size_t i = 0; i < command_count; i++) {
		const char *name = commands[i].name, *blank = strchr(name, ' ');
		size_t length = blank != NULL ? (size_t)(blank - name) : strlen(name);

		*used = blank != NULL ? 2 : 1;
		if (count < *used || strlen(words[0]) != length ||
		    strncmp(words[0], name, length) != 0)
			continue;
		if (blank == NULL || strcmp(words[1], blank + 1) == 0)
			return &commands[i];
	}
	return NULL;
}

static void complain_unknown(int count, char **words)
{
	const char *names[COMMANDS_MOST], *nearest;
	char text[128];

	for (size_t i = 0; i < command_count; i++)
		names[i] = commands[i].name;
	if (strcmp(words[0], "threshold") == 0 || strcmp(words[0], "poll") == 0) {
		complain(NULL, "%s: add, del or list is to follow; see 'weirctl help'", words[0]);
		return;
	}
	snprintf(text, sizeof(text), "%s", words[0]);
	nearest = config_suggest_word(text, names, command_count);
	if (nearest != NULL)
		complain(NULL, "'%.60s' is no command; did you mean '%s'?", words[0], nearest);
	else
		complain(NULL, "'%.60s' is no command; 'weirctl help' lists them", words[0]);
}

static int help(int count, char **words)
{
	const struct command *command;
	int used, shown = 0;

	if (count == 0) {
		print_overview();
		return EXIT_DONE;
	}
	command = find(count, words, &used);
	if (command != NULL) {
		print_help(command);
		return EXIT_DONE;
	}
	// "help threshold": all that begin so.
	for (size_t i = 0; i < command_count; i++) {
		size_t length = strlen(words[0]);

		if (strncmp(commands[i].name, words[0], length) != 0 ||
		    commands[i].name[length] != ' ')
			continue;
		if (shown++ > 0)
			puts("");
		print_help(&commands[i]);
	}
	if (shown > 0)
		return EXIT_DONE;
	complain_unknown(count, words);
	return EXIT_USAGE;
}

static int run(int count, char **words, struct globals *globals)
{
	const struct command *command;
	json_t *request;
	int used, status = EXIT_USAGE;

	if (strcmp(words[0], "help") == 0)
		return help(count - 1, words + 1);
	command = find(count, words, &used);
	// "threshold --help"
	if (command == NULL && count > 1 &&
	    (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0))
		return help(1, words);
	if (command == NULL) {
		complain_unknown(count, words);
		return EXIT_USAGE;
	}
	request = json_object();
	json_object_set_new(request, "request", json_string(command->name));
	if (options_read(command, count - used + 1, words + used - 1, globals, request)) {
		if (globals->help) {
			print_help(command);
			status = EXIT_DONE;
		} else if (command->complete == NULL || command->complete(command, request)) {
			status = command->shows ? exchange_show(command, globals, request)
						: exchange(command, globals, request);
		}
	}
	json_decref(request);
	return status;
}

static int read_globals(int argc, char **argv, struct globals *globals)
{
	static const struct option list[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	int option;

	// "+": what follows the command is the command's.
	while ((option = getopt_long(argc, argv, "+:s:h", list, NULL)) != -1) {
		switch (option) {
		case 's':
			globals->socket = optarg;
			break;
		case 'j':
			globals->json = true;
			break;
		case 'h':
			globals->help = true;
			break;
		case 'v':
			puts("weirctl " WEIR_VERSION);
			return EXIT_DONE;
		default:
			options_complain(NULL, list, option, argv);
			return EXIT_USAGE;
		}
	}
	return -1;
}

static int output_error;

void output_failed(int error)
{
	if (output_error == 0)
		output_error = error;
}

// Was everything written? Whoever closes a pipe has enough, and needs no message.
static int finish_output(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		output_failed(errno);
	if (output_error == 0)
		return status;
	if (output_error != EPIPE)
		complain(NULL, "the answer cannot be written: %s", strerror(output_error));
	return status == EXIT_DONE ? EXIT_REFUSED : status;
}

int main(int argc, char **argv)
{
	struct globals globals = {0};
	int status, count;

	standard_streams_open();
	status = read_globals(argc, argv, &globals);
	// A pipe that nobody reads any more is an error of writing, not the end.
	signal(SIGPIPE, SIG_IGN);
	count = argc - optind;
	if (status < 0 && globals.help)
		status = help(count, argv + optind);
	if (status < 0 && count == 0) {
		complain(NULL, "say what is to be done, such as 'weirctl status'; 'weirctl help' "
			       "lists all commands");
		status = EXIT_USAGE;
	}
	if (status < 0)
		status = run(count, argv + optind, &globals);
	return finish_output(status);
}
