/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/time.h"

const char *const watch_action_word[WATCH_ACTION_COUNT] = {"event", "log", "capture"};

json_t *watch_action_list(uint8_t actions)
{
	json_t *list = json_array();

	for (int bit = 0; bit < WATCH_ACTION_COUNT; bit++) {
		if (actions >> bit & 1)
			json_array_append_new(list, json_string(watch_action_word[bit]));
	}
	return list;
}

json_t *watch_value(bool span, uint64_t value)
{
	if (span)
		return json_real((double)value / (double)TIME_SECOND);
	return json_integer((json_int_t)(value <= INT64_MAX ? value : INT64_MAX));
}

json_t *service_rule(const struct watch_rule_settings *rule)
{
	json_t *item = json_pack("{s:s*,s:s*}", "name", rule->name, "filter", rule->expression);

	for (uint8_t kind = 0; kind < WATCH_KIND_COUNT && !rule->poll; kind++) {
		if (rule->value[kind] > 0)
			json_object_set_new(
				item, watch_kind_word[kind],
				watch_value(watch_kind_is_span(kind), rule->value[kind]));
	}
	if (!rule->poll && rule->value[WATCH_DURATION] > 0)
		json_object_set_new(item, "idle", json_boolean(rule->idle));
	if (rule->poll && rule->feature < WATCH_FEATURE_COUNT) {
		bool span = watch_feature_is_span(rule->feature);

		json_object_set_new(item, "feature",
				    json_string(watch_feature_word[rule->feature]));
		json_object_set_new(item, "above", watch_value(span, rule->above));
		json_object_set_new(item, "interval", watch_value(true, rule->interval));
		json_object_set_new(item, "repeat", json_boolean(rule->repeat));
	}
	json_object_set_new(item, "actions", watch_action_list(rule->actions));
	return item;
}
