/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config_fixture.h"

// What cannot change while weir runs. The snapshot that runs has the defaults, or a plugin more.

static void assert_changes(struct fixture *fixture, const char *plugins, const char *file,
			   const char *expected, size_t count)
{
	struct config *running = config_create();
	char text[256];

	assert_non_null(running);
	assert_int_equal(load(fixture, plugins), 0);
	assert_int_equal(config_load(running, fixture->path), 0);
	config_destroy(fixture->config);
	fixture->config = config_create();
	assert_non_null(fixture->config);
	assert_int_equal(load(fixture, file), 0);
	assert_int_equal(config_fixed_changes(running, fixture->config, text, sizeof(text)), count);
	assert_string_equal(text, expected);
	config_destroy(running);
}

static void the_same_configuration_changes_nothing(void **state)
{
	assert_changes(*state, "", "[log]\nformat = tsv\n[networks]\n", "", 0);
}

static void thresholds_polls_and_inactivity_may_change(void **state)
{
	assert_changes(*state, "[threshold a]\npkts = 1\n",
		       "[threshold b]\npkts = 1\n[poll b]\nfeature = pkts\nabove = 1\n"
		       "[inactivity]\ntcp_ports = 22=2h\ntcp_ports_timeout = 5 s\nservices =\n"
		       "services_timeout = 2 h\n",
		       "", 0);
}

static void other_keys_may_not_change(void **state)
{
	assert_changes(*state, "",
		       "[log]\ndirectory = /x\n[capture]\ndescriptors = 64\ninterfaces = eth0\n"
		       "[networks]\nlocal =\n[control]\nmode = 0660\n[workers]\ncount = 1\n",
		       "[capture] interfaces, [capture] descriptors, [networks] local, [log] "
		       "directory, [control] mode",
		       5);
}

static void plugins_may_not_change(void **state)
{
	assert_changes(
		*state,
		"[plugin a]\npath = a\nx = 1\ny = 1\n[plugin b]\npath = b\n"
		"[plugin c]\npath = c\n",
		"[plugin d]\npath = d\n[plugin c]\npath = c\n[plugin a]\npath = A\ny = 2\nz = "
		"1\n",
		"[plugin a] path, [plugin a] x, [plugin a] y, [plugin a] z, [plugin b], "
		"[plugin d]",
		6);
}

static void a_plugin_may_not_come(void **state)
{
	assert_changes(*state, "", "[plugin a]\npath = a\n", "[plugin a]", 1);
}

static void plugins_keep_their_order(void **state)
{
	assert_changes(*state, "[plugin a]\npath = a\n[plugin b]\npath = b\n",
		       "[plugin b]\npath = b\n[plugin a]\npath = a\n", "the order of [plugin NAME]",
		       1);
}

static void the_keys_of_a_plugin_may_change_their_order(void **state)
{
	assert_changes(*state, "[plugin a]\npath = a\nx = 1\ny = 2\n",
		       "[plugin a]\ny = 2\npath = a\nx = 1\n", "", 0);
}

static void a_report_that_is_too_long_ends_with_dots(void **state)
{
	struct fixture *fixture = *state;
	struct config *running = config_create();
	char text[80] = "";

	assert_non_null(running);
	assert_int_equal(
		load(fixture, "[log]\ndirectory = /x\nformat = json\n[workers]\ncount = 2\n"), 0);
	for (size_t size = 0; size < sizeof(text); size++) {
		char *exact = size ? malloc(size) : NULL;

		assert_int_equal(config_fixed_changes(running, fixture->config, exact, size), 3);
		if (size > 0)
			assert_true(strlen(exact) < size);
		if (size == 32)
			assert_string_equal(exact, "[workers] count, ...");
		free(exact);
	}
	assert_int_equal(config_fixed_changes(running, fixture->config, text, sizeof(text)), 3);
	assert_string_equal(text, "[workers] count, [log] directory, [log] format");
	config_destroy(running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_configuration_changes_nothing),
		TEST(thresholds_polls_and_inactivity_may_change),
		TEST(other_keys_may_not_change),
		TEST(plugins_may_not_change),
		TEST(a_plugin_may_not_come),
		TEST(plugins_keep_their_order),
		TEST(the_keys_of_a_plugin_may_change_their_order),
		TEST(a_report_that_is_too_long_ends_with_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
