/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config_fixture.h"

// Sections that the user names.

static void a_threshold_has_defaults(void **state)
{
	struct fixture *fixture = *state;
	const struct config_threshold *item;

	assert_int_equal(load(fixture, "[threshold big]\n"), 0);
	assert_int_equal(fixture->config->thresholds.count, 1);
	item = &fixture->config->thresholds.item[0];
	assert_string_equal(item->name, "big");
	assert_string_equal(item->filter, "");
	assert_int_equal(item->orig_bytes, 0);
	assert_int_equal(item->resp_bytes, 0);
	assert_int_equal(item->orig_pkts, 0);
	assert_int_equal(item->resp_pkts, 0);
	assert_int_equal(item->pkts, 0);
	assert_int_equal(item->duration, 0);
	assert_false(item->idle);
	assert_int_equal(item->actions, CONFIG_ACTION_EVENT);
}

static void a_threshold_is_read_whole(void **state)
{
	struct fixture *fixture = *state;
	const struct config_threshold *item;

	assert_int_equal(load(fixture, "[threshold Big_1-x]\nfilter = tcp[13] & 2 = 2 and port 80\n"
				       "orig_bytes = 100 MiB\nresp_bytes = 1 GB\norig_pkts = 10 k\n"
				       "resp_pkts = 5000000000\npkts = 7\nduration = 1 h\n"
				       "idle = yes\naction = log, capture\n"),
			 0);
	assert_int_equal(config_finish(fixture->config), 0);
	item = &fixture->config->thresholds.item[0];
	assert_string_equal(item->name, "Big_1-x");
	assert_string_equal(item->filter, "tcp[13] & 2 = 2 and port 80");
	assert_int_equal(item->orig_bytes, 100 << 20);
	assert_int_equal(item->resp_bytes, 1000000000);
	assert_int_equal(item->orig_pkts, 10000);
	assert_int_equal(item->resp_pkts, UINT64_C(5000000000));
	assert_int_equal(item->pkts, 7);
	assert_int_equal(item->duration, TIME_HOUR);
	assert_true(item->idle);
	assert_int_equal(item->actions, CONFIG_ACTION_LOG | CONFIG_ACTION_CAPTURE);
	assert_messages(fixture, "");
}

static void a_poll_has_defaults(void **state)
{
	struct fixture *fixture = *state;
	const struct config_poll *item;

	assert_int_equal(load(fixture, "[poll p]\nfeature = rate\nabove = 1 MiB\n"), 0);
	assert_int_equal(config_finish(fixture->config), 0);
	item = &fixture->config->polls.item[0];
	assert_string_equal(item->filter, "");
	assert_int_equal(item->interval, TIME_SECOND);
	assert_int_equal(item->feature, CONFIG_FEATURE_RATE);
	assert_int_equal(item->above, 1 << 20);
	assert_false(item->repeat);
	assert_int_equal(item->actions, CONFIG_ACTION_EVENT);
}

static void the_unit_of_a_limit_depends_on_the_feature(void **state)
{
	static const struct {
		const char *feature, *above;
		uint64_t value;
	} example[] = {
		{"orig_bytes", "1 KiB", 1024},  {"resp_bytes", "5", 5},
		{"bytes", "1 TiB", 1ULL << 40}, {"orig_pkts", "2 k", 2000},
		{"resp_pkts", "1 Ki", 1024},    {"pkts", "0", 0},
		{"rate", "1.5 MB", 1500000},    {"packet_rate", "10 k", 10000},
		{"duration", "1 h", TIME_HOUR}, {"idle", "5 min", 5 * TIME_MINUTE},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++) {
		char text[128];

		// In this order the unit is not known yet.
		snprintf(text, sizeof(text), "[poll p]\nabove = %s\nfeature = %s\n",
			 example[i].above, example[i].feature);
		assert_int_equal(load(fixture, text), 0);
		assert_int_equal(config_finish(fixture->config), 0);
		assert_int_equal(fixture->config->polls.item[0].above, example[i].value);
		assert_string_equal(config_feature_name(fixture->config->polls.item[0].feature),
				    example[i].feature);
	}
}

static void a_limit_in_the_wrong_unit_is_refused_with_its_place(void **state)
{
	struct fixture *fixture = *state;
	char expected[256];

	assert_int_equal(load(fixture, "[poll a]\nfeature = rate\nabove = 5 min\n"
				       "[poll b]\nfeature = idle\nabove = 300\n"),
			 0);
	assert_int_equal(config_finish(fixture->config), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "@:3: [poll a] above: '5 min' is not a size, as 'min' is not a unit; units are B, "
		 "kB, KB, KiB, MB, MiB, GB, GiB, TB, TiB\n"
		 "@:6: [poll b] above: '300' has no unit; write 300 s");
	assert_messages(fixture, expected);
}

static void a_limit_out_of_range_is_refused(void **state)
{
	struct config_why why;
	uint64_t value = 42;

	assert_int_equal(config_parse_above(CONFIG_FEATURE_IDLE, "3651 d", &value, &why), -EINVAL);
	assert_string_equal(why.text, "'3651 d' is out of range; write 0 to 3650 d");
	assert_int_equal(config_parse_above(CONFIG_FEATURE_RATE, "1025 TiB", &value, &why),
			 -EINVAL);
	assert_int_equal(config_parse_above(CONFIG_FEATURE_PKTS, "1000000000000001", &value, &why),
			 -EINVAL);
	assert_int_equal(config_parse_above(CONFIG_FEATURE_PKTS, "-1", &value, &why), -EINVAL);
	assert_int_equal(config_parse_above(CONFIG_FEATURE_PKTS, "", &value, &why), -EINVAL);
	assert_int_equal(value, 42);
}

static void a_plugin_gets_its_own_keys_as_text(void **state)
{
	struct fixture *fixture = *state;
	const struct config_plugin *item;

	assert_int_equal(load(fixture, "[plugin talkers]\nprefix = 24\npath = /lib/x.so\n"
				       "Some key = a, b = c # not this\nempty =\n1 = one\n"),
			 0);
	assert_int_equal(config_finish(fixture->config), 0);
	item = &fixture->config->plugins.item[0];
	assert_string_equal(item->name, "talkers");
	assert_string_equal(item->path, "/lib/x.so");
	ASSERT_TEXTS(&item->keys, "prefix", "Some key", "empty", "1");
	ASSERT_TEXTS(&item->values, "24", "a, b = c", "", "one");
}

static void rules_stay_in_the_order_of_the_file(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config = fixture->config;

	assert_int_equal(load(fixture, "[threshold b]\npkts=1\n[poll a]\nfeature=pkts\nabove=1\n"
				       "[log]\nformat=json\n[threshold a]\npkts=2\n[poll b]\n"
				       "feature=idle\nabove=1 s\n"),
			 0);
	assert_int_equal(config_finish(fixture->config), 0);
	assert_int_equal(config->thresholds.count, 2);
	assert_string_equal(config->thresholds.item[0].name, "b");
	assert_string_equal(config->thresholds.item[1].name, "a");
	assert_int_equal(config->thresholds.item[1].pkts, 2);
	assert_int_equal(config->polls.count, 2);
	assert_string_equal(config->polls.item[0].name, "a");
	assert_int_equal(config->polls.item[0].feature, CONFIG_FEATURE_PKTS);
	assert_int_equal(config->log.format, CONFIG_LOG_JSON);
}

static void a_filter_and_actions_may_go_on_in_indented_lines(void **state)
{
	struct fixture *fixture = *state;
	const struct config_threshold *item;

	assert_int_equal(load(fixture, "[ threshold \t x ]\n  filter = tcp # one\n\tand port 80\n"
				       "  pkts = 5\n  action = event\n     log\n"),
			 0);
	item = &fixture->config->thresholds.item[0];
	assert_string_equal(item->name, "x");
	assert_string_equal(item->filter, "tcp and port 80");
	assert_int_equal(item->pkts, 5);
	assert_int_equal(item->actions, CONFIG_ACTION_EVENT | CONFIG_ACTION_LOG);
}

static void an_assignment_makes_a_rule(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = fixture->config;

	assert_int_equal(config_set(config, "threshold big.orig_bytes=100 MiB"), 0);
	assert_int_equal(config_set(config, " threshold  big . filter = tcp = 1.2 "), 0);
	assert_int_equal(config_set(config, "threshold small.pkts=1"), 0);
	assert_int_equal(config_set(config, "plugin x.path=a.so"), 0);
	assert_int_equal(config_set(config, "plugin x.a.b=1.5"), 0);
	assert_int_equal(config_finish(config), 0);
	assert_int_equal(config->thresholds.count, 2);
	assert_int_equal(config->thresholds.item[0].orig_bytes, 100 << 20);
	assert_string_equal(config->thresholds.item[0].filter, "tcp = 1.2");
	ASSERT_TEXTS(&config->plugins.item[0].keys, "a.b");
	ASSERT_TEXTS(&config->plugins.item[0].values, "1.5");
}

static void an_assignment_goes_over_the_rule_of_the_file(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = fixture->config;

	assert_int_equal(load(fixture, "[threshold a]\npkts = 1\nidle = yes\n"
				       "[plugin p]\npath = x\nkey = 1\n"),
			 0);
	assert_int_equal(config_set(config, "threshold a.pkts=2"), 0);
	assert_int_equal(config_set(config, "plugin p.key=2"), 0);
	assert_int_equal(config->thresholds.count, 1);
	assert_int_equal(config->thresholds.item[0].pkts, 2);
	assert_true(config->thresholds.item[0].idle);
	ASSERT_TEXTS(&config->plugins.item[0].keys, "key");
	ASSERT_TEXTS(&config->plugins.item[0].values, "2");
}

static void a_refused_assignment_makes_no_rule(void **state)
{
	struct fixture *fixture = *state;

	assert_set_fails(fixture, "threshold a.pkts=x",
			 "--set threshold a.pkts=x: [threshold a] pkts: 'x' is not a whole number; "
			 "write for instance 4096 or 4 Ki");
	assert_int_equal(fixture->config->thresholds.count, 0);
	assert_string_equal(config_rule_place(fixture->config, "threshold", "a", NULL), "");
}

static void an_assignment_needs_the_name_of_the_rule(void **state)
{
	assert_set_fails(*state, "threshold .x=1",
			 "--set threshold .x=1: [threshold]: the name is missing; write threshold "
			 "NAME, with a name of your choice");
}

static void names_are_checked(void **state)
{
	static const char *const wrong[] = {
		"a b", "a/b", "\303\244", "a.b", "a[", "#x", "12345678901234567890123456789012",
	};
	struct fixture *fixture = *state;
	struct config_why why;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char expected[160];

		assert_int_equal(config_check_name(wrong[i], &why), -EINVAL);
		snprintf(expected, sizeof(expected),
			 "'%s' is not a name; write 1 to 31 letters, digits, '_' or '-'", wrong[i]);
		assert_string_equal(why.text, expected);
	}
	assert_int_equal(config_check_name("", &why), -EINVAL);
	assert_int_equal(config_check_name("1234567890123456789012345678901", &why), 0);
	assert_load_fails(fixture, "[poll a b]\nabove = 1\n[poll]\n[ plugin ]\n",
			  "@:1: [poll a b]: 'a b' is not a name; write 1 to 31 letters, digits, "
			  "'_' or '-'\n"
			  "@:3: [poll]: the name is missing; write poll NAME, with a name of your "
			  "choice\n"
			  "@:4: [plugin]: the name is missing; write plugin NAME, with a name of "
			  "your choice");
	assert_defaults(fixture->config);
}

static void a_rule_that_is_there_twice_is_reported(void **state)
{
	struct fixture *fixture = *state;

	assert_load_fails(
		fixture,
		"[threshold a]\npkts = 1\n[poll a]\nfeature = pkts\nabove = 1\n"
		"[threshold a]\npkts = 2\nx = y\n",
		"@:6: [threshold a]: is there twice, first in line 1; give one of the two "
		"another name");
	assert_int_equal(fixture->config->thresholds.count, 1);
	assert_int_equal(fixture->config->thresholds.item[0].pkts, 1);
}

static void a_key_of_a_rule_given_twice_is_reported(void **state)
{
	assert_load_fails(
		*state,
		"[threshold a]\npkts = 1\n[threshold b]\npkts = 1\npkts = 2\n"
		"[plugin p]\nx = 1\n[plugin q]\ny = 1\nx = 1\nx = 2\npath = a\npath = b\n",
		"@:5: [threshold b] pkts: is given twice, first in line 4; remove one of "
		"the two\n"
		"@:11: [plugin q] x: is given twice, first in line 10; remove one of the "
		"two\n"
		"@:13: [plugin q] path: is given twice, first in line 12; remove one of "
		"the two");
}

static void a_second_file_goes_over_the_rules_of_the_first(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config = fixture->config;

	assert_int_equal(load(fixture, "[threshold a]\npkts = 1\n[plugin p]\nx = 1\n"), 0);
	assert_int_equal(load(fixture, "[threshold a]\nresp_pkts = 2\n[plugin p]\nx = 2\n"), 0);
	assert_int_equal(config->thresholds.count, 1);
	assert_int_equal(config->thresholds.item[0].pkts, 1);
	assert_int_equal(config->thresholds.item[0].resp_pkts, 2);
	ASSERT_TEXTS(&config->plugins.item[0].values, "2");
}

static void mistakes_in_rules_get_proposals(void **state)
{
	assert_load_fails(
		*state,
		"[thresold a]\n[thresholds]\n[pol x]\n[threshold a]\norig_byts = 1\nabove = 1\n"
		"colour = 1\n[poll b]\nfeature = rat\nfeature2 = x\n[log]\nfeature = idle\n",
		"@:1: [thresold a]: unknown section; did you mean [threshold NAME]?\n"
		"@:2: [thresholds]: unknown section; did you mean [threshold NAME]?\n"
		"@:3: [pol x]: unknown section; did you mean [poll NAME]?\n"
		"@:5: [threshold a] orig_byts: unknown key; did you mean 'orig_bytes'?\n"
		"@:6: [threshold a] above: unknown key; 'above' is a key of [poll NAME]\n"
		"@:7: [threshold a] colour: unknown key; the keys of [threshold a] are filter, "
		"orig_bytes, resp_bytes, orig_pkts, resp_pkts, pkts, duration, idle, action\n"
		"@:9: [poll b] feature: 'rat' is not a feature; did you mean 'rate'?\n"
		"@:10: [poll b] feature2: unknown key; did you mean 'feature'?\n"
		"@:12: [log] feature: unknown key; 'feature' is a key of [poll NAME]");
}

static void a_key_of_a_rule_before_the_first_section_is_reported(void **state)
{
	assert_load_fails(*state, "orig_bytes = 1\n",
			  "@:1: orig_bytes: stands before the first section; write [threshold "
			  "NAME] on a line above it");
}

static void wrong_actions_are_refused(void **state)
{
	static const char actions[] = "write event, log, capture, or several of them";
	static const struct {
		const char *text, *complaint;
	} example[] = {
		{"", "no action is given"},
		{" , ", "no action is given"},
		{"extract", "'extract' is not an action"},
		{"events", "'events' is not an action"},
		{"Log", "'Log' is not an action"},
	};
	struct config_why why;
	uint32_t value = 42;

	for (size_t i = 0; i < sizeof(example) / sizeof(example[0]); i++) {
		assert_int_equal(config_parse_actions(example[i].text, &value, &why), -EINVAL);
		assert_non_null(strstr(why.text, example[i].complaint));
		assert_non_null(strstr(why.text, actions));
	}
	assert_int_equal(config_parse_actions("log event log", &value, &why), -EINVAL);
	assert_string_equal(why.text, "'log' is given twice; write it once");
	assert_int_equal(value, 42);
}

static void features_are_found_by_name(void **state)
{
	for (int feature = 0; feature < CONFIG_FEATURE_COUNT; feature++)
		assert_int_equal(config_feature_find(config_feature_name(feature)), feature);
	assert_int_equal(config_feature_find(""), -EINVAL);
	assert_int_equal(config_feature_find("Rate"), -EINVAL);
}

static void what_a_rule_lacks_is_reported_with_its_place(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = fixture->config;

	assert_int_equal(load(fixture, "[threshold a]\nfilter = tcp\n\n[threshold b]\npkts = 0\n"
				       "[threshold c]\npkts = 1\nidle = yes\n[poll d]\nabove = 1\n"
				       "[poll e]\nfeature = idle\n[plugin f]\npth = x.so\n"),
			 0);
	assert_int_equal(config_set(config, "poll g.repeat=yes"), 0);
	assert_int_equal(config_finish(config), -EINVAL);
	assert_messages(
		fixture,
		"@:1: [threshold a]: no limit is given; write at least one of orig_bytes, "
		"resp_bytes, orig_pkts, resp_pkts, pkts, duration\n"
		"@:4: [threshold b]: no limit is given; write at least one of orig_bytes, "
		"resp_bytes, orig_pkts, resp_pkts, pkts, duration\n"
		"@:8: [threshold c] idle: means nothing without a duration; write one, such as "
		"duration = 1 h\n"
		"@:9: [poll d]: feature is missing; write what to look at, such as feature = rate\n"
		"@:11: [poll e]: above is missing; write which value of idle is too much, such as "
		"above = 10 min\n"
		"--set poll g.repeat=yes: [poll g]: feature is missing; write what to look at, "
		"such as feature = rate\n"
		"@:13: [plugin f]: path is missing; write where the plugin is, such as path = "
		"/usr/local/lib/weir/x.so");
}

static void values_of_rules_out_of_range_are_refused(void **state)
{
	assert_load_fails(
		*state,
		"[threshold a]\norig_bytes = 1025 TiB\npkts = -1\nduration = 1 us\nidle = maybe\n"
		"action =\n[poll b]\ninterval = 0\nfeature =\nabove =\n[plugin c]\npath =\n",
		"@:2: [threshold a] orig_bytes: '1025 TiB' is out of range; write 0 (none) or 1 B "
		"to 1024 TiB\n"
		"@:3: [threshold a] pkts: '-1' is negative; write for instance 4096 or 4 Ki\n"
		"@:4: [threshold a] duration: '1 us' is out of range; write 0 (none) or 1 ms to "
		"3650 d\n"
		"@:5: [threshold a] idle: 'maybe' is neither yes nor no; write yes or no\n"
		"@:6: [threshold a] action: the value is missing; the default is event\n"
		"@:8: [poll b] interval: '0' is out of range; write 1 ms to 3650 d\n"
		"@:9: [poll b] feature: the value is missing; write it behind '='\n"
		"@:10: [poll b] above: the value is missing; write it behind '='\n"
		"@:12: [plugin c] path: the value is missing; write it behind '='");
}

static void a_key_of_a_rule_is_traced_to_its_place(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config = fixture->config;
	char expected[64];

	assert_int_equal(
		load(fixture, "[threshold a]\npkts = 1\nfilter = tcp\n[plugin p]\nx = 1\n"), 0);
	assert_int_equal(config_set(fixture->config, "threshold a.pkts=2"), 0);
	snprintf(expected, sizeof(expected), "%s:3: ", fixture->path);
	assert_string_equal(config_rule_place(config, "threshold", "a", "filter"), expected);
	assert_string_equal(config_rule_place(config, "threshold", "a", "pkts"),
			    "--set threshold a.pkts=2: ");
	snprintf(expected, sizeof(expected), "%s:1: ", fixture->path);
	assert_string_equal(config_rule_place(config, "threshold", "a", "idle"), expected);
	assert_string_equal(config_rule_place(config, "threshold", "a", NULL), expected);
	snprintf(expected, sizeof(expected), "%s:5: ", fixture->path);
	assert_string_equal(config_rule_place(config, "plugin", "p", "x"), expected);
	assert_string_equal(config_rule_place(config, "plugin", "a", "x"), "");
	assert_string_equal(config_rule_place(config, "poll", "a", "x"), "");
	assert_string_equal(config_rule_place(config, "log", "a", "x"), "");
	assert_string_equal(config_place(config, "threshold", "pkts"), "");
}

static void malformed_rules_are_reported(void **state)
{
	struct fixture *fixture = *state;

	assert_load_fails(fixture,
			  "[threshold a\npkts = 1\n[threshold b] x\n[threshold \"c\"]\n[plugin d]\n"
			  "= 1\nx\na:b = c\n b = 1\n  and more\nc\001 = 1\nd = \033[1m\n",
			  "@:1: '[threshold a' is not a section; write for instance [log]\n"
			  "@:3: '[threshold b] x' is not a section; write for instance [log]\n"
			  "@:4: [threshold \"c\"]: '\"c\"' is not a name; write 1 to 31 letters, "
			  "digits, '_' or '-'\n"
			  "@:6: '= 1' has no key before '='; write key = value\n"
			  "@:7: 'x' has no '='; write key = value\n"
			  "@:8: 'a:b = c' has a ':' in the name of the key; write key = value\n"
			  "@:10: [plugin d] b: takes one value on one line, but this indented line "
			  "continues it; write 'key = value', or '#' before a comment\n"
			  "@:11: [plugin d] c?: the key holds a control character; write it "
			  "without\n"
			  "@:12: [plugin d] d: the value holds a control character; write it "
			  "without");
	assert_int_equal(fixture->config->thresholds.count, 0);
	assert_int_equal(fixture->config->plugins.item[0].keys.count, 0);
}

static void too_many_rules_are_refused(void **state)
{
	struct fixture *fixture = *state;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	for (int i = 0; i <= CONFIG_RULES_MAX; i++)
		fprintf(file, "[threshold %d]\npkts = 1\n", i);
	fclose(file);
	assert_load_fails(fixture, text,
			  "@:2049: [threshold 1024]: more than 1024 sections of this kind; write "
			  "fewer");
	assert_int_equal(fixture->config->thresholds.count, CONFIG_RULES_MAX);
	assert_int_equal(config_set(fixture->config, "threshold x.pkts=1"), -EINVAL);
	assert_int_equal(config_set(fixture->config, "threshold 7.pkts=2"), 0);
	assert_int_equal(config_finish(fixture->config), 0);
	free(text);
}

static void too_many_keys_of_a_plugin_are_refused(void **state)
{
	struct fixture *fixture = *state;
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fputs("[plugin p]\n", file);
	for (int i = 0; i <= CONFIG_OTHERS_MAX; i++)
		fprintf(file, "%d = x\n", i);
	fclose(file);
	assert_load_fails(fixture, text,
			  "@:258: [plugin p] 256: more than 256 keys in one section; write fewer");
	assert_int_equal(fixture->config->plugins.item[0].keys.count, CONFIG_OTHERS_MAX);
	free(text);
}

static void one_rule_is_made_by_itself(void **state)
{
	struct config_poll poll;
	struct config_why why;
	const char *key;

	assert_int_equal(config_rule_init(CONFIG_RULE_POLL, &poll, "p q", &why), -EINVAL);
	assert_int_equal(config_rule_init(CONFIG_RULE_POLL, &poll, "p", &why), 0);
	assert_int_equal(config_rule_finish(CONFIG_RULE_POLL, &poll, &key, &why), -EINVAL);
	assert_null(key);
	assert_int_equal(config_rule_set(CONFIG_RULE_POLL, &poll, "feature", "pkts", &why), 0);
	assert_int_equal(config_rule_set(CONFIG_RULE_POLL, &poll, "above", "1 MiB", &why), 0);
	assert_int_equal(config_rule_finish(CONFIG_RULE_POLL, &poll, &key, &why), -EINVAL);
	assert_string_equal(key, "above");
	assert_int_equal(config_rule_set(CONFIG_RULE_POLL, &poll, "above", "1 Mi", &why), 0);
	assert_int_equal(config_rule_set(CONFIG_RULE_POLL, &poll, "intervall", "1 s", &why),
			 -EINVAL);
	assert_string_equal(why.text, "unknown key; did you mean 'interval'?");
	assert_int_equal(config_rule_finish(CONFIG_RULE_POLL, &poll, &key, &why), 0);
	assert_int_equal(poll.above, 1 << 20);
	assert_int_equal(poll.interval, TIME_SECOND);
	config_rule_free(CONFIG_RULE_POLL, &poll);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_threshold_has_defaults),
		TEST(a_threshold_is_read_whole),
		TEST(a_poll_has_defaults),
		TEST(the_unit_of_a_limit_depends_on_the_feature),
		TEST(a_limit_in_the_wrong_unit_is_refused_with_its_place),
		TEST(a_limit_out_of_range_is_refused),
		TEST(a_plugin_gets_its_own_keys_as_text),
		TEST(rules_stay_in_the_order_of_the_file),
		TEST(a_filter_and_actions_may_go_on_in_indented_lines),
		TEST(an_assignment_makes_a_rule),
		TEST(an_assignment_goes_over_the_rule_of_the_file),
		TEST(a_refused_assignment_makes_no_rule),
		TEST(an_assignment_needs_the_name_of_the_rule),
		TEST(names_are_checked),
		TEST(a_rule_that_is_there_twice_is_reported),
		TEST(a_key_of_a_rule_given_twice_is_reported),
		TEST(a_second_file_goes_over_the_rules_of_the_first),
		TEST(mistakes_in_rules_get_proposals),
		TEST(a_key_of_a_rule_before_the_first_section_is_reported),
		TEST(wrong_actions_are_refused),
		TEST(features_are_found_by_name),
		TEST(what_a_rule_lacks_is_reported_with_its_place),
		TEST(values_of_rules_out_of_range_are_refused),
		TEST(a_key_of_a_rule_is_traced_to_its_place),
		TEST(malformed_rules_are_reported),
		TEST(too_many_rules_are_refused),
		TEST(too_many_keys_of_a_plugin_are_refused),
		TEST(one_rule_is_made_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
