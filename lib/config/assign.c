/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/assign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_range(const struct config_key *key, const struct config_scale *scale,
		       uint64_t value, const char *text, struct config_why *why)
{
	char min[CONFIG_SCALED_SIZE], max[CONFIG_SCALED_SIZE];

	if ((value == 0 && key->zero) || (value >= key->min && value <= key->max))
		return 0;
	config_format_scaled(scale, key->min, min);
	config_format_scaled(scale, key->max, max);
	if (key->zero)
		return config_fail(why, "'%.60s' is out of range; write 0 (%s) or %s to %s", text,
				   key->zero, min, max);
	return config_fail(why, "'%.60s' is out of range; write %s to %s", text, min, max);
}

static int assign_scaled(const struct config_key *key, const struct config_scale *scale,
			 const char *text, void *member, struct config_why *why)
{
	uint64_t value;
	uint32_t narrow;
	int status = config_parse_scaled(scale, text, &value, why);

	if (status == 0)
		status = check_range(key, scale, value, text, why);
	if (status)
		return status;
	// The table's max fits the member; a unit test sees to it.
	narrow = (uint32_t)value;
	if (key->size == sizeof(narrow))
		memcpy(member, &narrow, sizeof(narrow));
	else
		memcpy(member, &value, sizeof(value));
	return 0;
}

static int assign_prefixes(const char *text, struct config_prefixes *member, struct config_why *why)
{
	struct config_prefixes value;
	int status = config_parse_prefixes(text, &value, why);

	if (status)
		return status;
	free(member->item);
	*member = value;
	return 0;
}

static int assign_texts(int (*parse)(const char *, struct config_texts *, struct config_why *),
			const char *text, struct config_texts *member, struct config_why *why)
{
	struct config_texts value;
	int status = parse(text, &value, why);

	if (status)
		return status;
	config_texts_free(member);
	*member = value;
	return 0;
}

static int assign_timed_ports(const char *text, struct config_ports *ports,
			      struct config_spans *spans, struct config_why *why)
{
	struct config_spans own;
	int status = config_parse_timed_ports(text, ports, &own, why);

	if (status)
		return status;
	config_spans_free(spans);
	*spans = own;
	return 0;
}

static int assign_services(const char *text, struct config_spans *member, struct config_why *why)
{
	struct config_spans value;
	int status = config_parse_services(text, &value, why);

	if (status)
		return status;
	config_spans_free(member);
	*member = value;
	return 0;
}

static int assign_text(const char *text, char **member)
{
	char *value = strdup(text);

	if (!value)
		return -ENOMEM;
	free(*member);
	*member = value;
	return 0;
}

static int assign_log_format(const char *text, enum config_log_format *member,
			     struct config_why *why)
{
	if (strcmp(text, "tsv") == 0)
		*member = CONFIG_LOG_TSV;
	else if (strcmp(text, "json") == 0)
		*member = CONFIG_LOG_JSON;
	else
		return config_fail(why, "'%.60s' is not a log format; write tsv or json", text);
	return 0;
}

static int assign_source(const char *text, enum config_source *member, struct config_why *why)
{
	if (strcmp(text, "direct") == 0)
		*member = CONFIG_SOURCE_DIRECT;
	else if (strcmp(text, "replay") == 0)
		*member = CONFIG_SOURCE_REPLAY;
	else
		return config_fail(why, "'%.60s' is not a source; write direct or replay", text);
	return 0;
}

static int assign_checked(int (*check)(const char *, struct config_why *), const char *text,
			  char **member, struct config_why *why)
{
	int status = check(text, why);

	return status ? status : assign_text(text, member);
}

int config_check_text(const struct config_key *key, const char *text, struct config_why *why)
{
	if (*text == '\0' && !config_key_may_be_empty(key)) {
		if (!key->default_value)
			return config_fail(why, "the value is missing; write it behind '='");
		return config_fail(why, "the value is missing; the default is %s",
				   key->default_value);
	}
	for (const char *c = text; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return config_fail(why, "the value holds a control character; write it "
						"without");
	return 0;
}

int config_assign(void *object, const struct config_key *key, const char *text,
		  struct config_why *why)
{
	void *member = (char *)object + key->offset;
	int status = config_check_text(key, text, why);

	if (status)
		return status;
	switch (key->kind) {
	case CONFIG_BOOLEAN:
		return config_parse_boolean(text, member, why);
	case CONFIG_COUNT:
		return assign_scaled(key, &config_counts, text, member, why);
	case CONFIG_SIZE:
		return assign_scaled(key, &config_sizes, text, member, why);
	case CONFIG_SPAN:
		return assign_scaled(key, &config_spans, text, member, why);
	case CONFIG_PORTS:
		return config_parse_ports(text, member, why);
	case CONFIG_PREFIXES:
		return assign_prefixes(text, member, why);
	case CONFIG_DEVICES:
		return assign_texts(config_parse_devices, text, member, why);
	case CONFIG_WORDS:
		return assign_texts(config_parse_words, text, member, why);
	case CONFIG_NAMES:
		return assign_texts(config_parse_names, text, member, why);
	case CONFIG_CORES:
		return assign_texts(config_parse_cores, text, member, why);
	case CONFIG_PATH:
	case CONFIG_FILTER:
	case CONFIG_ABOVE:
		return assign_text(text, member);
	case CONFIG_SOURCE:
		return assign_source(text, member, why);
	case CONFIG_LOG_FORMAT:
		return assign_log_format(text, member, why);
	case CONFIG_PATTERN:
		return assign_checked(config_check_pattern, text, member, why);
	case CONFIG_LOG_NAME:
		return assign_checked(config_check_log_name, text, member, why);
	case CONFIG_SOCKET:
		return assign_checked(config_check_socket, text, member, why);
	case CONFIG_MODE:
		return config_parse_mode(text, member, why);
	case CONFIG_TIMED_PORTS:
		return assign_timed_ports(text, member, (void *)((char *)object + key->spans), why);
	case CONFIG_SERVICES:
		return assign_services(text, member, why);
	case CONFIG_FEATURE:
		return config_parse_feature(text, member, why);
	case CONFIG_ACTIONS:
		return config_parse_actions(text, member, why);
	case CONFIG_OTHER:
		break;
	}
	return -EINVAL;
}
