/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#include "base/time.h"
#include "base/uid.h"
#include "config/value.h"

#include <string.h>

// What options and words say only together. Whatever is wrong here would be refused by weir too, but
// in the words of a request, which are not those of a command line.

// Of a hundred uids, 99 have as many digits or more.
#define UID_USUAL 17

static bool given(const json_t *request, const char *parameter)
{
	return json_object_get(request, parameter) != NULL;
}

static bool is_uid(const char *text)
{
	struct uid uid;

	return uid_parse(text, strlen(text), &uid) == 0;
}

// A short name may be a uid as well: "Cat".
static bool is_surely_uid(const char *text)
{
	return strlen(text) >= UID_USUAL && is_uid(text);
}

// Says of whom the request is: "who" becomes "uid" or "name".
static bool settle(json_t *request, const char *parameter)
{
	json_object_set(request, parameter, json_object_get(request, "who"));
	json_object_del(request, "who");
	return true;
}

bool complete_conns(const struct command *command, json_t *request)
{
	if (given(request, "reverse")) {
		json_object_del(request, "reverse");
		json_object_set_new(request, "order", json_string("ascending"));
	}
	return true;
}

static bool check_rule_name(const struct command *command, const char *name)
{
	struct config_why why;

	if (config_check_name(name, &why) == 0)
		return true;
	complain(command, "%s: %s", command->name, why.text);
	return false;
}

static bool add_rule(const struct command *command, json_t *request, const char *name)
{
	if (is_surely_uid(name)) {
		complain(command,
			 "%s: '%s' is the uid of a connection, for which there is no --filter; a "
			 "rule has a name of your choice, such as 'uploads'",
			 command->name, name);
		return false;
	}
	if (given(request, "name")) {
		complain(command,
			 "%s: --name is for one connection, and a rule has its name already: "
			 "'%.60s'",
			 command->name, name);
		return false;
	}
	return check_rule_name(command, name) && settle(request, "name");
}

// It is a rule where there is a filter, else a connection.
static bool add_to_whom(const struct command *command, json_t *request)
{
	const char *who = json_string_value(json_object_get(request, "who"));

	if (given(request, "filter"))
		return add_rule(command, request, who);
	if (is_uid(who))
		return settle(request, "uid");
	complain(command,
		 "%s: '%.60s' is no uid of a connection; for a rule say which connections it is "
		 "for: --filter 'tcp port 80', or --filter '' for all",
		 command->name, who);
	return false;
}

// A limit of a threshold?
static bool is_limit(const struct command_option *option)
{
	return option->type == OPTION_COUNT || option->type == OPTION_SIZE ||
	       option->type == OPTION_SPAN;
}

static bool has_limit(const struct command *command, const json_t *request)
{
	for (size_t i = 0; i < command->option_count; i++) {
		if (is_limit(&command->options[i]) && given(request, command->options[i].parameter))
			return true;
	}
	return false;
}

static bool complain_limit(const struct command *command)
{
	complain(command,
		 "%s: the limit is missing, one or more of --orig-bytes SIZE, --resp-bytes SIZE, "
		 "--orig-pkts N, --resp-pkts N, --pkts N, --duration TIME, such as --orig-bytes "
		 "1MiB",
		 command->name);
	return false;
}

bool complete_threshold_add(const struct command *command, json_t *request)
{
	if (!has_limit(command, request))
		return complain_limit(command);
	if (given(request, "idle") && !given(request, "duration")) {
		complain(command, "%s: --idle belongs to --duration, as in --duration 1h --idle",
			 command->name);
		return false;
	}
	return add_to_whom(command, request);
}

// It is a connection where it is said what is deleted there, else a rule.
static bool delete_from_whom(const struct command *command, json_t *request, bool conn)
{
	const char *who = json_string_value(json_object_get(request, "who"));

	if (!conn)
		return check_rule_name(command, who) && settle(request, "name");
	if (is_uid(who))
		return settle(request, "uid");
	complain(command,
		 "%s: '%.60s' is no uid of a connection; a rule is taken back by its name alone: "
		 "weirctl %s NAME",
		 command->name, who, command->name);
	return false;
}

bool complete_threshold_delete(const struct command *command, json_t *request)
{
	const char *who = json_string_value(json_object_get(request, "who"));
	bool conn = has_limit(command, request);

	if (!conn && is_surely_uid(who))
		return complain_limit(command);
	return delete_from_whom(command, request, conn);
}

// Are the first `count` of what a poll needs there?
static bool check_needed(const struct command *command, const json_t *request, size_t count)
{
	static const char *const needed[] = {"feature", "above", "interval"};

	for (size_t i = 0; i < count; i++) {
		if (given(request, needed[i]))
			continue;
		complain(command, "%s: --%s is missing, as in --feature rate --above 10MB%s",
			 command->name, needed[i], count > 2 ? " --interval 5s" : "");
		return false;
	}
	return true;
}

// "above" is a size, a number of packets or a time, depending on the feature.
static bool take_above(const struct command *command, json_t *request)
{
	int feature = config_feature_find(json_string_value(json_object_get(request, "feature")));
	const char *text = json_string_value(json_object_get(request, "above"));
	bool span = feature == CONFIG_FEATURE_DURATION || feature == CONFIG_FEATURE_IDLE;
	struct config_why why;
	uint64_t value;

	if (config_parse_above((enum config_feature)feature, text, &value, &why) < 0) {
		complain(command, "--above: %s", why.text);
		return false;
	}
	json_object_set_new(request, "above",
			    span ? json_real((double)value / (double)TIME_SECOND)
				 : json_integer((json_int_t)value));
	return true;
}

bool complete_poll_add(const struct command *command, json_t *request)
{
	return check_needed(command, request, 3) && take_above(command, request) &&
	       add_to_whom(command, request);
}

bool complete_poll_delete(const struct command *command, json_t *request)
{
	const char *who = json_string_value(json_object_get(request, "who"));
	bool conn = given(request, "feature") || given(request, "above") || is_surely_uid(who);

	if (conn && (!check_needed(command, request, 2) || !take_above(command, request)))
		return false;
	return delete_from_whom(command, request, conn);
}
