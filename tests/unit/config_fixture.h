/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

// What the tests of the configuration share.

#include "base/time.h"
#include "config/assign.h"
#include "config/config.h"
#include "config/key.h"
#include "config/value.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct config *config;
	char folder[32];
	char path[48];
	FILE *stderr_before;
	char *messages;
	size_t messages_size;
};

// Every test gets a snapshot with defaults, a temporary folder, and the messages as a text.
static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->folder, "/tmp/weir-config-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/t.ini", fixture->folder);
	fixture->config = config_create();
	assert_non_null(fixture->config);
	fixture->stderr_before = stderr;
	stderr = open_memstream(&fixture->messages, &fixture->messages_size);
	assert_non_null(stderr);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	fclose(stderr);
	stderr = fixture->stderr_before;
	free(fixture->messages);
	unlink(fixture->path);
	rmdir(fixture->folder);
	config_destroy(fixture->config);
	free(fixture);
	return 0;
}

static inline int load_bytes(struct fixture *fixture, const void *bytes, size_t size)
{
	FILE *file = fopen(fixture->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return config_load(fixture->config, fixture->path);
}

static inline int load(struct fixture *fixture, const char *text)
{
	return load_bytes(fixture, text, strlen(text));
}

// The messages must be exactly these lines; "@" stands for the path of the file.
static inline void assert_messages(struct fixture *fixture, const char *expected)
{
	char text[8192] = "";
	size_t length = 0;

	for (const char *line = expected; *line;) {
		const char *end = strchrnul(line, '\n');

		length += (size_t)snprintf(
			text + length, sizeof(text) - length, "weir: error: %s%.*s\n",
			*line == '@' ? fixture->path : "", (int)(end - line) - (*line == '@'),
			line + (*line == '@'));
		assert_true(length < sizeof(text));
		line = *end ? end + 1 : end;
	}
	fflush(stderr);
	assert_string_equal(fixture->messages, text);
}

static inline void assert_load_fails(struct fixture *fixture, const char *text,
				     const char *messages)
{
	assert_int_equal(load(fixture, text), -EINVAL);
	assert_messages(fixture, messages);
}

static inline void assert_set_fails(struct fixture *fixture, const char *assignment,
				    const char *message)
{
	assert_int_equal(config_set(fixture->config, assignment), -EINVAL);
	assert_messages(fixture, message);
}

static inline void assert_texts(const struct config_texts *texts, const char *const *expected)
{
	size_t count = 0;

	for (; expected[count]; count++) {
		assert_true(count < texts->count);
		assert_string_equal(texts->item[count], expected[count]);
	}
	assert_int_equal(texts->count, count);
}
#define ASSERT_TEXTS(texts, ...)                                                                   \
	assert_texts(texts, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static inline void assert_defaults(const struct config *config)
{
	struct config *defaults = config_create();

	assert_non_null(defaults);
	for (size_t i = 0; i < config_key_count; i++)
		if (config_keys[i].rule == CONFIG_RULE_NONE &&
		    !config_same_value(config, defaults, &config_keys[i]))
			fail_msg("[%s] %s differs from its default", config_keys[i].section,
				 config_keys[i].name);
	assert_int_equal(config->thresholds.count, 0);
	assert_int_equal(config->polls.count, 0);
	assert_int_equal(config->plugins.count, 0);
	config_destroy(defaults);
}

static inline void assert_ports(const struct config_ports *ports, const uint16_t *expected,
				size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		assert_true(config_ports_contain(ports, expected[i]));
	for (uint32_t port = 0; port <= UINT16_MAX; port++)
		found += config_ports_contain(ports, (uint16_t)port);
	assert_int_equal(found, count);
}
#define ASSERT_PORTS(ports, ...)                                                                   \
	assert_ports(ports, (const uint16_t[]){__VA_ARGS__},                                       \
		     sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

static inline bool is_local(const struct config *config, const char *text)
{
	struct prefix host;

	assert_int_equal(prefix_parse(text, &host), 0);
	for (size_t i = 0; i < config->networks.local.count; i++)
		if (prefix_contains(&config->networks.local.item[i], &host.address))
			return true;
	return false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
