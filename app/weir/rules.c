/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "rules.h"

#include "base/message.h"
#include "filter/filter.h"
#include "watch/watch_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(CONFIG_ACTION_EVENT == (int)WATCH_ACTION_EVENT &&
		      CONFIG_ACTION_LOG == (int)WATCH_ACTION_LOG &&
		      CONFIG_ACTION_CAPTURE == (int)WATCH_ACTION_CAPTURE,
	      "the same bits");
static_assert(CONFIG_FEATURE_ORIG_BYTES == (int)WATCH_FEATURE_ORIG_BYTES &&
		      CONFIG_FEATURE_RATE == (int)WATCH_FEATURE_RATE &&
		      CONFIG_FEATURE_IDLE == (int)WATCH_FEATURE_IDLE &&
		      CONFIG_FEATURE_COUNT == (int)WATCH_FEATURE_COUNT,
	      "the same features");
static_assert(CONFIG_NAME_SIZE == (int)WATCH_NAME_SIZE, "names fit");

static struct watch_rule_settings threshold(const struct config_threshold *rule)
{
	return (struct watch_rule_settings){
		.name = rule->name,
		.expression = rule->filter,
		.actions = (uint8_t)rule->actions,
		.value = {[WATCH_ORIG_BYTES] = rule->orig_bytes,
			  [WATCH_RESP_BYTES] = rule->resp_bytes,
			  [WATCH_ORIG_PACKETS] = rule->orig_pkts,
			  [WATCH_RESP_PACKETS] = rule->resp_pkts,
			  [WATCH_PACKETS] = rule->pkts,
			  [WATCH_DURATION] = rule->duration},
		.idle = rule->idle,
	};
}

static struct watch_rule_settings poll_rule(const struct config_poll *rule)
{
	return (struct watch_rule_settings){
		.name = rule->name,
		.expression = rule->filter,
		.poll = true,
		.actions = (uint8_t)rule->actions,
		.feature = (uint8_t)rule->feature,
		.repeat = rule->repeat,
		.interval = rule->interval,
		.above = rule->above,
	};
}

static int fill_spans(const struct config *config, struct watch_inactivity *inactivity)
{
	const struct config_spans *ports = &config->inactivity.tcp_port_spans;
	const struct config_spans *services = &config->inactivity.services;

	inactivity->port_span = calloc(ports->count + 1, sizeof(*inactivity->port_span));
	inactivity->service = calloc(services->count + 1, sizeof(*inactivity->service));
	if (inactivity->port_span == NULL || inactivity->service == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < ports->count; i++)
		inactivity->port_span[inactivity->port_span_count++] = (struct conn_port_span){
			.first = (uint16_t)ports->item[i].first,
			.last = (uint16_t)ports->item[i].last,
			.span = ports->item[i].span};
	for (size_t i = 0; i < services->count; i++) {
		struct watch_service *service = &inactivity->service[inactivity->service_count++];
		uint64_t own = services->item[i].span;

		memcpy(service->name, services->item[i].name, sizeof(service->name));
		service->span = own != UINT64_MAX ? own : config->inactivity.services_timeout;
	}
	return 0;
}

static int replace(struct watch_book *book, const struct config *config,
		   const struct watch_rule_settings *rules, size_t count, char *why, size_t size)
{
	struct watch_inactivity inactivity = {.span = config->inactivity.tcp_ports_timeout};
	int result;

	static_assert(sizeof(inactivity.ports) == sizeof(config->inactivity.tcp_ports),
		      "one bit for each port");
	memcpy(&inactivity.ports, &config->inactivity.tcp_ports, sizeof(inactivity.ports));
	result = fill_spans(config, &inactivity);
	if (result == 0)
		result = watch_book_replace(book, rules, count, &inactivity, why, size);
	else
		snprintf(why, size, "no memory for inactivity times");
	free(inactivity.port_span);
	free(inactivity.service);
	return result;
}

static size_t rule_count(const struct config *config)
{
	return config->thresholds.count + config->polls.count;
}

// Thresholds, and then polls.
static struct watch_rule_settings rule_at(const struct config *config, size_t at)
{
	if (at < config->thresholds.count)
		return threshold(&config->thresholds.item[at]);
	return poll_rule(&config->polls.item[at - config->thresholds.count]);
}

static bool has_filter(const struct watch_rule_settings *rule)
{
	return rule->expression != NULL && rule->expression[0] != '\0';
}

struct filter **rules_filters(const struct config *config, const struct watch_book *book)
{
	size_t count = rule_count(config);
	struct filter **filter = calloc(count + 1, sizeof(*filter));

	for (size_t i = 0; filter != NULL && book != NULL && i < count; i++) {
		struct watch_rule_settings rule = rule_at(config, i);

		if (has_filter(&rule))
			filter[i] = watch_book_filter(book, rule.expression);
	}
	return filter;
}

void rules_drop(const struct config *config, struct filter **filter)
{
	for (size_t i = 0; filter != NULL && i < rule_count(config); i++)
		filter_destroy(filter[i]);
	free(filter);
}

// What an earlier rule has, too, or a new one; NULL with a message.
static struct filter *compile(const struct config *config, struct filter *const *filter, size_t at,
			      const char *place)
{
	struct watch_rule_settings rule = rule_at(config, at);
	struct filter *made;
	char why[512];

	for (size_t i = 0; i < at; i++) {
		struct watch_rule_settings other = rule_at(config, i);

		if (filter[i] != NULL && strcmp(other.expression, rule.expression) == 0)
			return filter_share(filter[i]);
	}
	made = filter_create(rule.expression, why, sizeof(why));
	if (made == NULL)
		message_error("%s filter: %s", place, why);
	return made;
}

static int compile_one(const struct config *config, struct filter **filter, size_t at)
{
	struct watch_rule_settings rule = rule_at(config, at);
	const char *section = rule.poll ? "poll" : "threshold";
	char place[512];

	snprintf(place, sizeof(place), "%.200s[%s %s]",
		 config_rule_place(config, section, rule.name, "filter"), section, rule.name);
	if (filter[at] == NULL)
		filter[at] = compile(config, filter, at, place);
	if (filter[at] == NULL)
		return -EINVAL;
	if (filter_matches_nothing(filter[at]))
		message_warning("%s filter: no packet can ever match '%.200s'", place,
				rule.expression);
	return 0;
}

int rules_compile(const struct config *config, struct filter **filter)
{
	size_t count = rule_count(config);
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		struct watch_rule_settings rule = rule_at(config, i);

		if (has_filter(&rule) && compile_one(config, filter, i) < 0)
			result = -EINVAL;
	}
	if (count > WATCH_RULES_MOST) {
		message_error("%zu [threshold] and [poll] sections, at most %d together are "
			      "possible: have fewer, with filters that cover more",
			      count, WATCH_RULES_MOST);
		result = -EINVAL;
	}
	return result;
}

int rules_apply(struct watch_book *book, const struct config *config, struct filter *const *filter,
		char *why, size_t size)
{
	size_t count = rule_count(config);
	struct watch_rule_settings *rules = calloc(count + 1, sizeof(*rules));
	int result;

	if (rules == NULL) {
		snprintf(why, size, "no memory for %zu rules", count);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		rules[i] = rule_at(config, i);
		rules[i].filter = filter != NULL ? filter[i] : NULL;
	}
	result = replace(book, config, rules, count, why, size);
	free(rules);
	return result;
}

uint32_t rules_actions(const struct config *config)
{
	uint32_t actions = 0;

	for (size_t i = 0; i < config->thresholds.count; i++)
		actions |= config->thresholds.item[i].actions;
	for (size_t i = 0; i < config->polls.count; i++)
		actions |= config->polls.item[i].actions;
	return actions;
}
