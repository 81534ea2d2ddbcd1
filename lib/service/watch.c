/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "watch/watch_name.h"

#include <string.h>

// Thresholds, polls and inactivity: with a "uid" for one connection, whose worker is asked; with a
// "name" for a rule about all connections to come, which is the program's.

#define WHO                                                                                        \
	{"uid", PARAMETER_UID, false},                                                             \
	{                                                                                          \
		"name", PARAMETER_TEXT, false                                                      \
	}
// As in the configuration.
#define SPAN_LEAST                 TIME_MILLISECOND

#define COUNT_OF(array)            (sizeof(array) / sizeof((array)[0]))
#define CHECK(request, what, list) parameter_check(client, request, what, list, COUNT_OF(list))

#define KINDS                                                                                      \
	{"orig_bytes", PARAMETER_COUNT, false}, {"resp_bytes", PARAMETER_COUNT, false},            \
		{"orig_pkts", PARAMETER_COUNT, false}, {"resp_pkts", PARAMETER_COUNT, false},      \
		{"pkts", PARAMETER_COUNT, false},                                                  \
	{                                                                                          \
		"duration", PARAMETER_SPAN, false                                                  \
	}

// Is it clear what is meant, a connection or a rule? Answers with an error otherwise.
static bool check_who(struct client *client, const json_t *request, const char *what)
{
	if (parameter_given(request, "uid") || parameter_given(request, "name"))
		return true;
	answer_error(client,
		     "%s: say which: the \"uid\" of a connection that lives, or the \"name\" of a "
		     "rule",
		     what);
	return false;
}

static bool check_name(struct client *client, const json_t *request, const char *what)
{
	const char *name = parameter_text(request, "name", NULL);
	size_t length = name != NULL ? strlen(name) : 1;

	if (length > 0 && length < WATCH_NAME_SIZE &&
	    (name == NULL || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_-") == length))
		return true;
	answer_error(client,
		     "%s: name is to have 1 to %d letters, digits, '_' or '-', such as "
		     "\"big-upload\"",
		     what, WATCH_NAME_SIZE - 1);
	return false;
}

// The filter belongs to a rule.
static bool check_filter(struct client *client, const json_t *request, const char *what)
{
	if (!parameter_given(request, "uid") || !parameter_given(request, "filter"))
		return true;
	answer_error(client, "%s: a filter chooses connections to come; with a uid there is none",
		     what);
	return false;
}

// An exchange of one request, for the connection that "uid" names; NULL after an error.
static struct watch_request *begin(struct service *service, struct client *client,
				   const json_t *request, enum watch_request_kind kind)
{
	struct service_exchange *exchange = &client->exchange;
	const char *name = parameter_text(request, "name", "");
	struct service_place place;

	if (!service_find(service, client, request, &place))
		return NULL;
	*exchange = (struct service_exchange){.worker = place.worker, .count = 1};
	exchange->request[0] = (struct watch_request){
		.request = (uint8_t)kind,
		.slot = place.slot,
		.generation = place.generation,
	};
	if (*name == '\0')
		return &exchange->request[0];
	exchange->request[0].name = watch_name_number(name);
	if (exchange->request[0].name != 0)
		return &exchange->request[0];
	answer_error(client, "there were 65535 different names already; use one of them again");
	return NULL;
}

// The values of a threshold by kind, 0: none. Returns how many there are, 0 after an error.
static uint32_t take_values(struct client *client, const json_t *request, const char *what,
			    uint64_t value[WATCH_KIND_COUNT])
{
	uint32_t count = 0;

	for (int kind = 0; kind < WATCH_KIND_COUNT; kind++) {
		const char *word = watch_kind_word[kind];

		value[kind] = kind == WATCH_DURATION ? parameter_span(request, word, 0)
						     : parameter_count(request, word, 0);
		if (parameter_given(request, word) && value[kind] == 0) {
			answer_error(client, "%s: %s is to be more than 0", what, word);
			return 0;
		}
		if (kind == WATCH_DURATION && value[kind] > 0 && value[kind] < SPAN_LEAST) {
			answer_error(client, "%s: %s is to be at least 0.001 seconds", what, word);
			return 0;
		}
		count += value[kind] > 0;
	}
	if (count == 0)
		answer_error(client,
			     "%s: say what is counted, and up to where: one or more of orig_bytes, "
			     "resp_bytes, orig_pkts, resp_pkts, pkts and duration (in "
			     "seconds), such as \"orig_bytes\": 1048576",
			     what);
	return count;
}

// One request for each value.
static void send_values(struct service *service, struct client *client, const json_t *request,
			enum watch_request_kind kind, const uint64_t value[WATCH_KIND_COUNT])
{
	struct service_exchange *exchange = &client->exchange;
	struct watch_request *first = begin(service, client, request, kind);
	struct watch_request each;

	if (first == NULL)
		return;
	each = *first;
	each.idle = parameter_yes(request, "idle");
	each.actions = parameter_actions(request);
	exchange->count = 0;
	for (int i = 0; i < WATCH_KIND_COUNT; i++) {
		if (value[i] == 0)
			continue;
		each.kind = (uint8_t)i;
		each.value = value[i];
		exchange->request[exchange->count++] = each;
	}
	exchange_begin(service, client);
}

static void delete_rule(struct service *service, struct client *client, const json_t *request,
			bool poll)
{
	const struct service_settings *settings = &service->settings;
	const char *name = parameter_text(request, "name", "");
	char why[512] = "it gave no reason";

	if (settings->rule_delete == NULL)
		answer_error(client, "this weir takes no rules while it runs; change its "
				     "configuration");
	else if (settings->rule_delete(settings->context, poll, name, why, sizeof(why)) < 0)
		answer_error(client, "the rule '%s' was not deleted: %s", name, why);
	else
		answer_ok(client, NULL);
}

static void list_rules(struct service *service, struct client *client, bool poll)
{
	const struct service_settings *settings = &service->settings;
	json_t *rules = settings->rule_list != NULL ? settings->rule_list(settings->context, poll)
						    : json_array();
	size_t count = json_array_size(rules);

	for (size_t i = 0; i < count; i++)
		answer_item(client, json_array_get(rules, i));
	json_decref(rules);
	answer_items(client, count);
}

void serve_threshold_add(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter parameter[] = {
		WHO,
		{"filter", PARAMETER_TEXT, false},
		KINDS,
		{"idle", PARAMETER_YES, false},
		{"actions", PARAMETER_ACTIONS, false},
	};
	static const char what[] = "threshold add";
	struct watch_rule_settings rule = {.poll = false};

	if (!CHECK(request, what, parameter) || !check_who(client, request, what) ||
	    !check_name(client, request, what) || !check_filter(client, request, what) ||
	    take_values(client, request, what, rule.value) == 0)
		return;
	if (parameter_yes(request, "idle") && rule.value[WATCH_DURATION] == 0) {
		answer_error(client, "%s: idle belongs to duration, and there is none", what);
		return;
	}
	if (parameter_given(request, "uid")) {
		send_values(service, client, request, WATCH_REQUEST_THRESHOLD_ADD, rule.value);
		return;
	}
	rule.name = parameter_text(request, "name", "");
	rule.expression = parameter_text(request, "filter", "");
	rule.actions = parameter_actions(request);
	rule.idle = parameter_yes(request, "idle");
	change_add_rule(service, client, &rule);
}

void serve_threshold_delete(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter by_uid[] = {{"uid", PARAMETER_UID, true}, KINDS};
	static const struct parameter by_name[] = {{"name", PARAMETER_TEXT, true}};
	static const char what[] = "threshold del";
	uint64_t value[WATCH_KIND_COUNT];

	if (!check_who(client, request, what))
		return;
	if (parameter_given(request, "uid")) {
		if (CHECK(request, what, by_uid) && take_values(client, request, what, value) > 0)
			send_values(service, client, request, WATCH_REQUEST_THRESHOLD_DELETE,
				    value);
	} else if (CHECK(request, what, by_name)) {
		delete_rule(service, client, request, false);
	}
}

// The elements of one connection, or the rules.
static void serve_list(struct service *service, struct client *client, const json_t *request,
		       bool poll)
{
	static const struct parameter parameter[] = {{"uid", PARAMETER_UID, false}};

	if (!CHECK(request, poll ? "poll list" : "threshold list", parameter))
		return;
	if (!parameter_given(request, "uid"))
		list_rules(service, client, poll);
	else if (begin(service, client, request,
		       poll ? WATCH_REQUEST_POLL_LIST : WATCH_REQUEST_THRESHOLD_LIST) != NULL)
		exchange_begin(service, client);
}

void serve_threshold_list(struct service *service, struct client *client, const json_t *request)
{
	serve_list(service, client, request, false);
}

void serve_poll_list(struct service *service, struct client *client, const json_t *request)
{
	serve_list(service, client, request, true);
}

// Takes "feature" and "above"; false after an error.
static bool take_feature(struct client *client, const json_t *request, const char *what,
			 struct watch_rule_settings *rule)
{
	const char *word = parameter_text(request, "feature", "");
	char hint[256];
	int feature = 0;

	while (feature < WATCH_FEATURE_COUNT && strcmp(word, watch_feature_word[feature]) != 0)
		feature++;
	if (feature == WATCH_FEATURE_COUNT) {
		parameter_suggest(word, watch_feature_word, WATCH_FEATURE_COUNT, hint,
				  sizeof(hint));
		answer_error(client, "%s: '%.60s' is no feature; %s", what, word, hint);
		return false;
	}
	rule->feature = (uint8_t)feature;
	if (watch_feature_is_span(rule->feature)) {
		if (json_number_value(json_object_get(request, "above")) > SERVICE_SPAN_MOST) {
			answer_error(client, "%s: above is to be a number of seconds", what);
			return false;
		}
		rule->above = parameter_span(request, "above", 0);
	} else if (json_is_integer(json_object_get(request, "above"))) {
		rule->above = parameter_count(request, "above", 0);
	} else {
		answer_error(client, "%s: above is to be a whole number for %s", what, word);
		return false;
	}
	return true;
}

void serve_poll_add(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter parameter[] = {
		WHO,
		{"filter", PARAMETER_TEXT, false},
		{"feature", PARAMETER_TEXT, true},
		{"above", PARAMETER_NUMBER, true},
		{"interval", PARAMETER_SPAN, true},
		{"repeat", PARAMETER_YES, false},
		{"actions", PARAMETER_ACTIONS, false},
	};
	static const char what[] = "poll add";
	struct watch_rule_settings rule = {.poll = true};
	struct watch_request *first;

	if (!CHECK(request, what, parameter) || !check_who(client, request, what) ||
	    !check_name(client, request, what) || !check_filter(client, request, what) ||
	    !take_feature(client, request, what, &rule))
		return;
	rule.interval = parameter_span(request, "interval", 0);
	rule.repeat = parameter_yes(request, "repeat");
	rule.actions = parameter_actions(request);
	if (rule.interval < SPAN_LEAST) {
		answer_error(client, "%s: interval is to be at least 0.001 seconds", what);
		return;
	}
	if (!parameter_given(request, "uid")) {
		rule.name = parameter_text(request, "name", "");
		rule.expression = parameter_text(request, "filter", "");
		change_add_rule(service, client, &rule);
		return;
	}
	first = begin(service, client, request, WATCH_REQUEST_POLL_ADD);
	if (first == NULL)
		return;
	first->kind = rule.feature;
	first->value = rule.above;
	first->interval = rule.interval;
	first->repeat = rule.repeat;
	first->actions = rule.actions;
	exchange_begin(service, client);
}

void serve_poll_delete(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter by_uid[] = {{"uid", PARAMETER_UID, true},
						  {"feature", PARAMETER_TEXT, true},
						  {"above", PARAMETER_NUMBER, true}};
	static const struct parameter by_name[] = {{"name", PARAMETER_TEXT, true}};
	static const char what[] = "poll del";
	struct watch_request *first;
	struct watch_rule_settings rule;

	if (!check_who(client, request, what))
		return;
	if (!parameter_given(request, "uid")) {
		if (CHECK(request, what, by_name))
			delete_rule(service, client, request, true);
		return;
	}
	if (!CHECK(request, what, by_uid) || !take_feature(client, request, what, &rule))
		return;
	first = begin(service, client, request, WATCH_REQUEST_POLL_DELETE);
	if (first == NULL)
		return;
	first->kind = rule.feature;
	first->value = rule.above;
	exchange_begin(service, client);
}

void serve_timeouts(struct service *service, struct client *client, const json_t *request)
{
	static const struct parameter parameter[] = {{"uid", PARAMETER_UID, false},
						     {"inactivity", PARAMETER_SPAN, false}};
	const struct service_settings *settings = &service->settings;
	struct watch_request *first;
	json_t *timeouts;

	if (!CHECK(request, "timeouts", parameter))
		return;
	if (parameter_given(request, "uid") != parameter_given(request, "inactivity")) {
		answer_error(client, "timeouts: uid and inactivity (in seconds, 0: never) belong "
				     "together; without both, the configured times are listed");
		return;
	}
	if (parameter_given(request, "uid")) {
		uint64_t span = parameter_span(request, "inactivity", 0);

		if (span > 0 && span < SPAN_LEAST) {
			answer_error(client,
				     "timeouts: inactivity is to be at least 0.001 seconds, or 0 "
				     "for never");
			return;
		}
		first = begin(service, client, request, WATCH_REQUEST_INACTIVITY);
		if (first == NULL)
			return;
		first->value = span;
		exchange_begin(service, client);
		return;
	}
	timeouts = settings->timeouts != NULL ? settings->timeouts(settings->context)
					      : json_object();
	answer_ok(client, json_pack("{s:o*}", "timeouts", timeouts));
}
