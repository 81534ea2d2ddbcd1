/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "check.h"

#include "config/config.h"
#include "config/value.h"

#include <sys/mman.h>
#include <unistd.h>

// Any bytes as a configuration. Each line after the first line that begins with '@' is an
// assignment, as --set would bring it.

static FILE *real_stderr;

static struct {
	FILE *stream;
	char *text;
	size_t size;
} messages;

static void catch_messages(void)
{
	messages.stream = open_memstream(&messages.text, &messages.size);
	CHECK(messages.stream != NULL);
	stderr = messages.stream;
}

// What was said since the last call, in a line for each mistake, must tell of a refusal and of
// nothing else, and nobody's terminal must be steered by it.
static void check_messages(int status)
{
	stderr = real_stderr;
	fclose(messages.stream);
	CHECK((status != 0) == (messages.size > 0));
	for (size_t i = 0; i < messages.size; i++)
		CHECK((unsigned char)messages.text[i] >= ' ' || messages.text[i] == '\n' ||
		      messages.text[i] == '\t');
	free(messages.text);
}

static int load(struct config *config, const uint8_t *data, size_t size)
{
	int fd = memfd_create("weir.ini", 0), status;
	char path[64];

	CHECK(fd >= 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	catch_messages();
	status = config_load(config, path);
	check_messages(status);
	close(fd);
	return status;
}

static void set(struct config *config, const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	int status;

	CHECK(text != NULL);
	// A person who types escape sequences may get them back.
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	catch_messages();
	status = config_set(config, text);
	check_messages(status);
	free(text);
}

static void check_rule(const struct config *config, const char *section, const char *name)
{
	CHECK(config_name_is_right(name, strnlen(name, CONFIG_NAME_SIZE)));
	CHECK(*config_rule_place(config, section, name, NULL) != '\0');
}

static void check_rules(const struct config *config)
{
	for (size_t i = 0; i < config->thresholds.count; i++) {
		const struct config_threshold *item = &config->thresholds.item[i];

		check_rule(config, "threshold", item->name);
		CHECK(item->filter != NULL && item->actions != 0);
		CHECK(item->orig_bytes | item->resp_bytes | item->orig_pkts | item->resp_pkts |
		      item->pkts | item->duration);
	}
	for (size_t i = 0; i < config->polls.count; i++) {
		const struct config_poll *item = &config->polls.item[i];

		check_rule(config, "poll", item->name);
		CHECK(item->filter != NULL && item->actions != 0 && item->interval > 0);
		CHECK((unsigned)item->feature < CONFIG_FEATURE_COUNT);
	}
	for (size_t i = 0; i < config->plugins.count; i++) {
		const struct config_plugin *item = &config->plugins.item[i];

		check_rule(config, "plugin", item->name);
		CHECK(item->path != NULL && item->keys.count == item->values.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config *defaults;
	struct config *config = config_create();
	const uint8_t *at = size ? memmem(data, size, "\n@", 2) : NULL;
	size_t file = at ? (size_t)(at + 1 - data) : size;
	char text[128];
	int status;

	real_stderr = stderr;
	if (defaults == NULL)
		defaults = config_create();
	CHECK(config != NULL && defaults != NULL);
	load(config, data, file);
	while (file < size) {
		const uint8_t *line = data + file + 1, *end = memchr(line, '\n', size - file - 1);
		size_t length = end ? (size_t)(end - line) : size - file - 1;

		set(config, line, length);
		file += length + 1;
	}
	catch_messages();
	status = config_finish(config);
	check_messages(status);
	if (status == 0)
		check_rules(config);
	config_fixed_changes(defaults, config, text, sizeof(text));
	CHECK(config_fixed_changes(config, config, text, sizeof(text)) == 0);
	config_destroy(config);
	return 0;
}
