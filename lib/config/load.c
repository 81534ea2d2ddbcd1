/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/config.h"

#include "base/message.h"
#include "config/assign.h"
#include "config/file.h"
#include "config/list.h"
#include "config/key.h"
#include "config/place.h"
#include "config/rule.h"
#include "config/suggest.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// inih cuts longer lines; how long is decided when it was built, or here where Debian's build
// allows.
#define LINE_BYTES 16384

#define BLANKS     " \t\v\f"

enum section_state {
	SECTION_NONE,
	SECTION_WRONG, // a mistake was reported: its keys are skipped
	SECTION_KNOWN,
};

// The value that the lines read so far make up; a list may go on in indented lines.
enum value_state {
	VALUE_NONE,    // no key yet in this section
	VALUE_WRONG,   // a mistake was reported: whatever continues it is skipped
	VALUE_PENDING, // `key` and `value` hold it
};

struct loader {
	struct config *config;
	const char *path;
	char *next; // what is not yet read of the file
	unsigned line;
	unsigned mistakes;
	enum section_state state_of_section;
	struct config_section section;
	bool continued; // this line continues the value of an earlier one
	enum value_state state;
	const struct config_key *key;
	char *name; // of the key
	char *value;
	size_t value_length, value_room; // without and with what is unused behind it
	unsigned value_line;
	// The lines that set each row of the table (of the current section, if it has a name of its
	// own), each further key of the current plugin, and each section that has a name.
	unsigned *given;
	struct config_texts others;
	unsigned given_other[CONFIG_OTHERS_MAX];
	unsigned given_nowhere;
	unsigned given_rule[CONFIG_RULE_COUNT][CONFIG_RULES_MAX];
	int error;
};

__attribute__((format(printf, 3, 4))) static void mistake(struct loader *loader, unsigned line,
							  const char *format, ...)
{
	char text[768];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	message_error("%s:%u: %s", loader->path, line, text);
	loader->mistakes++;
}

static void free_value(struct loader *loader)
{
	free(loader->name);
	free(loader->value);
	loader->name = loader->value = NULL;
}

// Sets what is pending, now that its last line is known.
static void finish_value(struct loader *loader)
{
	struct config_why why;
	int status;

	if (loader->state == VALUE_PENDING) {
		status = config_section_assign(loader->config, &loader->section, loader->key,
					       loader->name, loader->value, &why);
		if (status == -ENOMEM)
			loader->error = -ENOMEM;
		else if (status)
			mistake(loader, loader->value_line, "[%s] %.60s: %s", loader->section.label,
				loader->name, why.text);
		else
			config_place_note(loader->config, &loader->section, loader->name,
					  "%s:%u: ", loader->path, loader->value_line);
	}
	free_value(loader);
	loader->state = VALUE_NONE;
}

// Forgets what is pending, after a mistake in it.
static void drop_value(struct loader *loader)
{
	free_value(loader);
	loader->state = VALUE_WRONG;
}

// Where to note the line of a plugin's own key. What it was given before this file does not count.
static unsigned *other_line(struct loader *loader, const char *name)
{
	size_t count = loader->others.count;

	for (size_t i = 0; i < count; i++)
		if (strcmp(loader->others.item[i], name) == 0)
			return &loader->given_other[i];
	loader->given_nowhere = 0;
	if (count == CONFIG_OTHERS_MAX) // it will be refused
		return &loader->given_nowhere;
	if (config_texts_add(&loader->others, (struct config_word){name, strlen(name)}) < 0) {
		loader->error = -ENOMEM;
		return &loader->given_nowhere;
	}
	loader->given_other[count] = 0;
	return &loader->given_other[count];
}

static void begin_value(struct loader *loader, const char *name, const char *value)
{
	char suggestion[CONFIG_SUGGESTION_SIZE];
	const struct config_key *key;
	unsigned *given;

	loader->state = VALUE_WRONG;
	if (loader->state_of_section == SECTION_NONE) {
		const char *owner = config_section_of(name);

		mistake(loader, loader->line,
			"%.60s: stands before the first section; write [%s] on a line above it",
			name, owner ? owner : "SECTION");
		return;
	}
	if (loader->state_of_section == SECTION_WRONG)
		return;
	key = config_section_key(&loader->section, name);
	if (!key) {
		config_suggest_key(&loader->section, name, suggestion);
		mistake(loader, loader->line, "[%s] %.60s: unknown key; %s", loader->section.label,
			name, suggestion);
		return;
	}
	given = key->kind == CONFIG_OTHER ? other_line(loader, name)
					  : &loader->given[key - config_keys];
	if (*given) {
		mistake(loader, loader->line,
			"[%s] %.60s: is given twice, first in line %u; remove one of the two",
			loader->section.label, name, *given);
		return;
	}
	*given = loader->line;
	loader->name = strdup(name);
	loader->value = strdup(value);
	if (!loader->name || !loader->value) {
		free_value(loader);
		loader->error = -ENOMEM;
		return;
	}
	loader->key = key;
	loader->value_length = strlen(value);
	loader->value_room = loader->value_length + 1;
	loader->value_line = loader->line;
	loader->state = VALUE_PENDING;
}

static void continue_value(struct loader *loader, const char *more)
{
	size_t length = strlen(more);

	if (loader->state != VALUE_PENDING)
		return;
	if (!config_key_is_list(loader->key)) {
		mistake(loader, loader->line,
			"[%s] %.60s: takes one value on one line, but this indented line continues "
			"it; "
			"write 'key = value', or '#' before a comment",
			loader->section.label, loader->name);
		drop_value(loader);
		return;
	}
	if (loader->value_room < loader->value_length + length + 2) {
		size_t room = 2 * (loader->value_length + length + 2);
		char *value = realloc(loader->value, room);

		if (!value) {
			loader->error = -ENOMEM;
			return;
		}
		loader->value = value;
		loader->value_room = room;
	}
	loader->value[loader->value_length] = ' ';
	memcpy(loader->value + loader->value_length + 1, more, length + 1);
	loader->value_length += length + 1;
}

static int handle_value(void *user, const char *section, const char *name, const char *value)
{
	struct loader *loader = user;

	if (loader->continued)
		continue_value(loader, value);
	else
		begin_value(loader, name, value);
	// Mistakes are counted here; 0 would mean to inih that the line is malformed.
	return 1;
}

// Cuts a comment off: ';' or '#' at the start or after a blank. Then blanks (and CR) at the end.
static void cut_comment(char *line)
{
	size_t length = 0;

	for (; line[length]; length++)
		if (strchr(";#", line[length]) && (length == 0 || strchr(BLANKS, line[length - 1])))
			break;
	while (length > 0 && strchr(BLANKS "\r", line[length - 1]))
		length--;
	line[length] = '\0';
}

// "name =": such a line is a key even when it is indented.
static bool is_assignment(const char *line)
{
	size_t length = 0;

	while ((line[length] >= 'a' && line[length] <= 'z') ||
	       (line[length] >= 'A' && line[length] <= 'Z') || line[length] == '_' ||
	       (length > 0 &&
		((line[length] >= '0' && line[length] <= '9') || line[length] == '-')))
		length++;
	return length > 0 && line[length + strspn(line + length, BLANKS)] == '=';
}

// A rule begins. Returns 0, -EINVAL after a mistake, or -ENOMEM.
static int begin_rule(struct loader *loader)
{
	const struct config_section *section = &loader->section;
	int number = config_rule_index(loader->config, section->rule, section->name);
	struct config_why why;
	unsigned *line;

	if (number < 0)
		number = config_rule_add(loader->config, section, &why);
	if (number == -ENOMEM)
		return number;
	if (number < 0) {
		mistake(loader, loader->line, "[%s]: %s", section->label, why.text);
		return number;
	}
	line = &loader->given_rule[section->rule][number];
	if (*line) {
		mistake(loader, loader->line,
			"[%s]: is there twice, first in line %u; give one of the two another name",
			section->label, *line);
		return -EINVAL;
	}
	*line = loader->line;
	for (size_t row = 0; row < config_key_count; row++)
		if (config_keys[row].rule == section->rule)
			loader->given[row] = 0;
	config_texts_free(&loader->others);
	config_place_note(loader->config, section, NULL, "%s:%u: ", loader->path, loader->line);
	return 0;
}

// A "[section]" line, which is left in the form that inih expects. False when inih shall not see
// it.
static bool read_section(struct loader *loader, char *line)
{
	char *name = line + 1 + strspn(line + 1, BLANKS), *end = strchr(name, ']');
	struct config_why why;
	size_t length;
	int status;

	finish_value(loader);
	loader->state_of_section = SECTION_WRONG;
	if (!end || end[1] != '\0') {
		mistake(loader, loader->line, "'%.60s' is not a section; write for instance [log]",
			line);
		return false;
	}
	for (length = (size_t)(end - name); length > 0 && strchr(BLANKS, name[length - 1]);)
		length--;
	name[length] = '\0';
	if (config_section_parse(name, &loader->section, &why) < 0) {
		mistake(loader, loader->line, "[%.60s]: %s", name, why.text);
		return false;
	}
	if (loader->section.rule != CONFIG_RULE_NONE) {
		status = begin_rule(loader);
		if (status == -ENOMEM)
			loader->error = status;
		if (status)
			return false;
	}
	loader->state_of_section = SECTION_KNOWN;
	memmove(line + 1, name, length);
	memcpy(line + 1 + length, "]", 2);
	return true;
}

// In a list of services, "ssh=2h" at the start of a line is an item unless it is a key.
static bool is_item(const struct loader *loader, const char *line)
{
	char name[CONFIG_NAME_SIZE];
	size_t length = strcspn(line, "=" BLANKS);

	if (loader->state != VALUE_PENDING || loader->key->kind != CONFIG_SERVICES ||
	    line[length] != '=' || length >= sizeof(name))
		return false;
	memcpy(name, line, length);
	name[length] = '\0';
	return !config_section_key(&loader->section, name);
}

// A line that is neither empty nor a section. False when inih shall not see it.
static bool read_value_line(struct loader *loader, char *line, bool indented, int room)
{
	const char *equals = strchr(line, '=');

	if (indented && loader->state != VALUE_NONE &&
	    (!is_assignment(line) || is_item(loader, line))) {
		loader->continued = true;
	} else {
		finish_value(loader);
		loader->state = VALUE_WRONG;
		if (equals == line || !equals) {
			mistake(loader, loader->line, "'%.60s' has no %s; write key = value", line,
				equals ? "key before '='" : "'='");
			return false;
		}
		// inih would take it for a '='.
		if (memchr(line, ':', (size_t)(equals - line))) {
			mistake(loader, loader->line,
				"'%.60s' has a ':' in the name of the key; write key = value",
				line);
			return false;
		}
	}
	// A blank in front, a line feed and a NUL.
	if (strlen(line) + 3 > (size_t)room) {
		mistake(loader, loader->line,
			"the line has %zu characters, at most %d are read; break a long list into "
			"several lines, the further ones indented",
			strlen(line), room - 3);
		drop_value(loader);
		return false;
	}
	return true;
}

// What inih calls for each line, in the way of fgets(). Comments and mistakes come out as empty
// lines, so that inih counts lines as we do, and sees nothing that it would cut or pass over in
// silence.
static char *read_line(char *buffer, int room, void *stream)
{
	struct loader *loader = stream;
	char *line = loader->next, *end = strchrnul(line, '\n'), *text;
	bool hand_over = false;

	if (*line == '\0' || loader->error)
		return NULL;
	loader->next = *end ? end + 1 : end;
	*end = '\0';
	loader->line++;
	loader->continued = false;
	cut_comment(line);
	text = line + strspn(line, BLANKS);
	if (*text == '[')
		hand_over = read_section(loader, text) && strlen(text) + 2 <= (size_t)room;
	else if (*text)
		hand_over = read_value_line(loader, text, text > line, room);
	// A leading blank is inih's mark of a continued value; keys lose theirs.
	snprintf(buffer, (size_t)room, "%s%s\n", hand_over && loader->continued ? " " : "",
		 hand_over ? text : "");
	return buffer;
}

static int parse(struct loader *loader)
{
#ifdef CONFIG_INIH_LINE_IS_VARIABLE
	int before = ini_max_line, status;

	ini_max_line = LINE_BYTES;
	status = ini_parse_stream(read_line, loader, handle_value, loader);
	ini_max_line = before;
#else
	int status = ini_parse_stream(read_line, loader, handle_value, loader);
#endif
	finish_value(loader);
	if (status < 0 || loader->error) {
		message_error("%s: not enough memory to read it; free some and start again",
			      loader->path);
		return -ENOMEM;
	}
	// Whatever inih refuses should have been noticed before; should it ever not be, it must not
	// pass.
	if (status > 0 && loader->mistakes == 0)
		mistake(loader, (unsigned)status, "not understood; write key = value");
	return loader->mistakes ? -EINVAL : 0;
}

int config_load(struct config *config, const char *path)
{
	static const char utf8_mark[] = "\xef\xbb\xbf";
	struct loader loader = {.config = config, .path = path};
	struct config_file file;
	int status = config_file_read(path, &file);

	if (status)
		return status;
	loader.given = calloc(config_key_count, sizeof(*loader.given));
	if (!loader.given) {
		message_error("%s: not enough memory to read it; free some and start again", path);
		status = -ENOMEM;
		goto free_text;
	}
	loader.next = file.text;
	if (strncmp(file.text, utf8_mark, strlen(utf8_mark)) == 0)
		loader.next += strlen(utf8_mark);
	status = parse(&loader);
	config_texts_free(&loader.others);
	free(loader.given);
free_text:
	free(file.text);
	return status;
}
