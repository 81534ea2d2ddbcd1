/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/list.h"
#include "config/rule.h"

#include "config/suggest.h"

#include <errno.h>
#include <string.h>

// What rules look at, and what they do.

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const feature_names[CONFIG_FEATURE_COUNT] = {
	[CONFIG_FEATURE_ORIG_BYTES] = "orig_bytes",
	[CONFIG_FEATURE_RESP_BYTES] = "resp_bytes",
	[CONFIG_FEATURE_BYTES] = "bytes",
	[CONFIG_FEATURE_ORIG_PKTS] = "orig_pkts",
	[CONFIG_FEATURE_RESP_PKTS] = "resp_pkts",
	[CONFIG_FEATURE_PKTS] = "pkts",
	[CONFIG_FEATURE_RATE] = "rate",
	[CONFIG_FEATURE_PACKET_RATE] = "packet_rate",
	[CONFIG_FEATURE_DURATION] = "duration",
	[CONFIG_FEATURE_IDLE] = "idle",
};

static const struct {
	const char *name;
	uint32_t bit;
} actions[] = {
	{"event", CONFIG_ACTION_EVENT},
	{"log", CONFIG_ACTION_LOG},
	{"capture", CONFIG_ACTION_CAPTURE},
};

const char *config_feature_name(enum config_feature feature)
{
	return feature_names[feature];
}

int config_feature_find(const char *name)
{
	for (int feature = 0; feature < CONFIG_FEATURE_COUNT; feature++)
		if (strcmp(feature_names[feature], name) == 0)
			return feature;
	return -EINVAL;
}

int config_parse_feature(const char *text, enum config_feature *value, struct config_why *why)
{
	int feature = config_feature_find(text);
	const char *near;

	if (feature >= 0) {
		*value = (enum config_feature)feature;
		return 0;
	}
	near = config_suggest_word(text, feature_names, CONFIG_FEATURE_COUNT);
	if (near)
		return config_fail(why, "'%.60s' is not a feature; did you mean '%s'?", text, near);
	return config_fail(why,
			   "'%.60s' is not a feature; write one of orig_bytes, resp_bytes, bytes, "
			   "orig_pkts, resp_pkts, pkts, rate, packet_rate, duration, idle",
			   text);
}

static int parse_action(struct config_word word, uint32_t *bits, struct config_why *why)
{
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (strlen(actions[i].name) != word.length ||
		    memcmp(actions[i].name, word.text, word.length) != 0)
			continue;
		if (*bits & actions[i].bit)
			return config_fail(why, "'%s' is given twice; write it once",
					   actions[i].name);
		*bits |= actions[i].bit;
		return 0;
	}
	return config_fail(why,
			   "'%.*s' is not an action; write event, log, capture, or several of them",
			   config_word_shown(word), word.text);
}

int config_parse_actions(const char *text, uint32_t *value, struct config_why *why)
{
	struct config_word word;
	uint32_t bits = 0;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
		int status = parse_action(word, &bits, why);

		if (status)
			return status;
	}
	if (bits == 0)
		return config_fail(why, "no action is given; write event, log, capture, or several "
					"of them");
	*value = bits;
	return 0;
}

struct limit {
	const struct config_scale *scale;
	uint64_t max;
	const char *example;
};

static struct limit limit_of(enum config_feature feature)
{
	switch (feature) {
	case CONFIG_FEATURE_ORIG_PKTS:
	case CONFIG_FEATURE_RESP_PKTS:
	case CONFIG_FEATURE_PKTS:
	case CONFIG_FEATURE_PACKET_RATE:
		return (struct limit){&config_counts, CONFIG_PACKETS_MAX, "10 k"};
	case CONFIG_FEATURE_DURATION:
	case CONFIG_FEATURE_IDLE:
		return (struct limit){&config_spans, CONFIG_SPAN_MAX, "10 min"};
	default:
		return (struct limit){&config_sizes, CONFIG_BYTES_MAX, "1 MiB"};
	}
}

const char *config_feature_example(enum config_feature feature)
{
	return limit_of(feature).example;
}

int config_parse_above(enum config_feature feature, const char *text, uint64_t *value,
		       struct config_why *why)
{
	const struct limit limit = limit_of(feature);
	char most[CONFIG_SCALED_SIZE];
	uint64_t above;
	int status = config_parse_scaled(limit.scale, text, &above, why);

	if (status)
		return status;
	config_format_scaled(limit.scale, limit.max, most);
	if (above > limit.max)
		return config_fail(why, "'%.60s' is out of range; write 0 to %s", text, most);
	*value = above;
	return 0;
}
