/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#include "config/value.h"
#include "table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// How a value is shown follows from its name, so that whatever the service tells can be shown.

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), wanted = strlen(end);

	return length >= wanted && strcmp(name + length - wanted, end) == 0;
}

static bool is_span(const char *name)
{
	return strcmp(name, "duration") == 0 || strcmp(name, "idle") == 0 ||
	       strcmp(name, "uptime") == 0 || strcmp(name, "busy") == 0 ||
	       strcmp(name, "interval") == 0 || strcmp(name, "longest_turn") == 0 ||
	       ends_in(name, "_timeout") || ends_in(name, "_delay") || ends_in(name, "_interval") ||
	       ends_in(name, "_timer") || ends_in(name, "_linger") || ends_in(name, "inactivity");
}

static void format_list(const json_t *list, char *text)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(list) && length < TABLE_CELL_SIZE; i++) {
		const char *word = json_string_value(json_array_get(list, i));

		length += (size_t)snprintf(text + length, TABLE_CELL_SIZE - length, "%s%s",
					   i > 0 ? "," : "", word != NULL ? word : "?");
	}
}

// A member that is no object.
static void format_value(const char *name, const json_t *value, char *text)
{
	double number = json_number_value(value);

	text[0] = '\0';
	if (json_is_string(value))
		snprintf(text, TABLE_CELL_SIZE, "%s", json_string_value(value));
	else if (json_is_boolean(value))
		snprintf(text, TABLE_CELL_SIZE, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		format_list(value, text);
	else if (!json_is_number(value))
		return;
	else if (strcmp(name, "ts") == 0)
		format_time(number, text);
	else if (is_span(name) && number == 0 &&
		 (ends_in(name, "inactivity") || ends_in(name, "inactivity_timeout")))
		snprintf(text, TABLE_CELL_SIZE, "never");
	else if (is_span(name))
		format_span(number, text);
	else if (ends_in(name, "bytes"))
		format_size(number, text);
	else if (json_is_integer(value))
		snprintf(text, TABLE_CELL_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		snprintf(text, TABLE_CELL_SIZE, "%.1f", number);
}

// Members below each other; objects in objects are moved to the right.
static void print_members(const json_t *object, int depth)
{
	char text[TABLE_CELL_SIZE];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		if (json_is_object(json_array_get(value, 0))) {
			for (size_t i = 0; i < json_array_size(value); i++) {
				// "workers": [...] has "worker 0" and so on.
				printf("%*s%.*s %zu\n", 2 * depth, "", (int)strlen(name) - 1, name,
				       i);
				print_members(json_array_get(value, i), depth + 1);
			}
		} else if (json_is_object(value)) {
			printf("%*s%s\n", 2 * depth, "", name);
			print_members(value, depth + 1);
		} else if (strcmp(name, "ok") != 0 &&
			   !(json_is_array(value) && json_array_size(value) == 0)) {
			format_value(name, value, text);
			for (char *at = text; *at != '\0'; at++) {
				if ((unsigned char)*at < ' ' || *at == 0x7f)
					*at = '?';
			}
			printf("%*s%-*s  %s\n", 2 * depth, "", 40 - 2 * depth, name, text);
		}
	}
}

void print_nothing(const json_t *answer)
{
	table_end();
}

void print_status(const json_t *answer)
{
	print_members(answer, 0);
}

void print_timeouts(const json_t *answer)
{
	print_members(json_object_get(answer, "timeouts"), 0);
}

void print_note(const json_t *answer)
{
	const char *note = json_string_value(json_object_get(answer, "note"));

	if (note != NULL)
		puts(note);
}

void print_fired(const json_t *answer)
{
	if (json_is_true(json_object_get(answer, "fired")))
		puts("the connection was past it already");
	print_note(answer);
}

void print_end(const json_t *answer)
{
	if (json_integer_value(json_object_get(answer, "count")) == 0)
		puts("none");
	table_end();
}

static void cell(const json_t *item, const char *name)
{
	char text[TABLE_CELL_SIZE];

	format_value(name, json_object_get(item, name), text);
	table_cell(text);
}

static void endpoint(const json_t *item, const char *host, const char *port)
{
	const char *address = json_string_value(json_object_get(item, host));
	char text[TABLE_CELL_SIZE];
	bool six = address != NULL && strchr(address, ':') != NULL;

	snprintf(text, sizeof(text), "%s%s%s:%" JSON_INTEGER_FORMAT, six ? "[" : "",
		 address != NULL ? address : "?", six ? "]" : "",
		 json_integer_value(json_object_get(item, port)));
	table_cell(text);
}

static void print_conn(const json_t *item)
{
	static const struct table_column columns[] = {
		{"start (UTC)", false}, {"uid", false},      {"originator", false},
		{"responder", false},   {"proto", false},    {"duration", true},
		{"idle", true},         {"bytes >", true},   {"bytes <", true},
		{"packets >", true},    {"packets <", true}, {"state", false},
		{"history", false},
	};

	if (!table_has_begun())
		table_begin(columns, sizeof(columns) / sizeof(columns[0]));
	cell(item, "ts");
	cell(item, "uid");
	endpoint(item, "id.orig_h", "id.orig_p");
	endpoint(item, "id.resp_h", "id.resp_p");
	cell(item, "proto");
	cell(item, "duration");
	cell(item, "idle");
	cell(item, "orig_bytes");
	cell(item, "resp_bytes");
	cell(item, "orig_pkts");
	cell(item, "resp_pkts");
	cell(item, "conn_state");
	cell(item, "history");
}

// A value whose unit is that of what it is about.
static void format_current(const char *what, const json_t *value, char *text)
{
	if (strcmp(what, "rate") == 0 && json_is_number(value))
		format_size(json_number_value(value), text);
	else
		format_value(what, value, text);
}

static_assert(CONFIG_SCALED_SIZE <= TABLE_CELL_SIZE, "what was configured fits");

// The same for one that somebody gave: to the last digit, as it is given again to take it back.
static void format_given(const char *what, const json_t *value, char *text)
{
	double number = json_number_value(value);

	// A number has some 15 digits: of long spans, those below a millisecond are not right.
	if (number >= 1e6 && is_span(what) && number < 1e10)
		config_format_scaled(&config_spans, (uint64_t)(number * 1e3 + 0.5) * 1000000, text);
	else if (number > 0 && is_span(what) && number < 1e6)
		config_format_scaled(&config_spans, (uint64_t)(number * 1e9 + 0.5), text);
	else if (json_is_integer(value) && number > 0 &&
		 (ends_in(what, "bytes") || strcmp(what, "rate") == 0))
		config_format_scaled(&config_sizes, (uint64_t)json_integer_value(value), text);
	else
		format_current(what, value, text);
}

// A threshold or a poll of one connection.
static void print_watch(const json_t *item, const char *kind, const char *value)
{
	static const struct table_column threshold[] = {
		{"counted", false}, {"value", true},    {"now", true},
		{"name", false},    {"actions", false}, {"idle", false},
	};
	static const struct table_column poll[] = {
		{"feature", false}, {"above", true},    {"now", true},    {"name", false},
		{"actions", false}, {"interval", true}, {"repeat", true},
	};
	bool is_poll = strcmp(kind, "feature") == 0;
	const char *what = json_string_value(json_object_get(item, kind));
	char text[TABLE_CELL_SIZE];

	if (!table_has_begun())
		table_begin(is_poll ? poll : threshold, is_poll ? 7 : 6);
	what = what != NULL ? what : "?";
	table_cell(what);
	format_given(what, json_object_get(item, value), text);
	table_cell(text);
	format_current(what, json_object_get(item, "current"), text);
	table_cell(text);
	cell(item, "name");
	cell(item, "actions");
	if (is_poll) {
		cell(item, "interval");
		cell(item, "repeat");
	} else {
		const json_t *idle = json_object_get(item, "idle");

		table_cell(idle == NULL ? "" : json_is_true(idle) ? "yes" : "no");
	}
}

// A rule: its name, and what else it has.
static void print_rule(const json_t *item)
{
	const char *feature = json_string_value(json_object_get(item, "feature"));
	char text[TABLE_CELL_SIZE];
	const char *name;
	json_t *value;

	format_value("name", json_object_get(item, "name"), text);
	puts(text);
	json_object_foreach((json_t *)item, name, value)
	{
		if (strcmp(name, "name") == 0)
			continue;
		if (strcmp(name, "idle") == 0 && json_is_boolean(value))
			snprintf(text, sizeof(text), "%s", json_is_true(value) ? "yes" : "no");
		else if (strcmp(name, "above") == 0 && feature != NULL)
			format_given(feature, value, text);
		else
			format_given(name, value, text);
		printf("  %-12s  %s\n", name, text);
	}
}

void print_item(const json_t *item)
{
	if (json_object_get(item, "ts") != NULL)
		print_conn(item);
	else if (json_object_get(item, "current") == NULL)
		print_rule(item);
	else if (json_object_get(item, "feature") != NULL)
		print_watch(item, "feature", "above");
	else
		print_watch(item, "kind", "value");
}

static void print_list(const json_t *answer, const char *name)
{
	const json_t *list = json_object_get(answer, name);

	if (json_array_size(list) == 0)
		return;
	printf("\n%s\n", name);
	for (size_t i = 0; i < json_array_size(list); i++)
		print_item(json_array_get(list, i));
	table_end();
}

void print_connection(const json_t *answer)
{
	print_members(json_object_get(answer, "connection"), 0);
	print_list(answer, "thresholds");
	print_list(answer, "polls");
}
