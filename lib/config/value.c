/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/assign.h"

#include <stdlib.h>
#include <string.h>

// What can be done with a value of any kind once it is set.

void config_release(void *object, const struct config_key *key)
{
	void *member = (char *)object + key->offset;

	switch (key->kind) {
	case CONFIG_PREFIXES:
		free(((struct config_prefixes *)member)->item);
		*(struct config_prefixes *)member = (struct config_prefixes){0};
		break;
	case CONFIG_DEVICES:
	case CONFIG_WORDS:
	case CONFIG_NAMES:
	case CONFIG_CORES:
		config_texts_free(member);
		break;
	case CONFIG_PATH:
	case CONFIG_LOG_NAME:
	case CONFIG_PATTERN:
	case CONFIG_SOCKET:
	case CONFIG_FILTER:
	case CONFIG_ABOVE:
		free(*(char **)member);
		*(char **)member = NULL;
		break;
	case CONFIG_TIMED_PORTS:
		config_spans_free((void *)((char *)object + key->spans));
		break;
	case CONFIG_SERVICES:
		config_spans_free(member);
		break;
	default:
		break;
	}
}

static bool same_texts(const struct config_texts *a, const struct config_texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->item[i], b->item[i]) != 0)
			return false;
	return true;
}

static bool same_prefixes(const struct config_prefixes *a, const struct config_prefixes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->item[i].length != b->item[i].length ||
		    memcmp(&a->item[i].address, &b->item[i].address, sizeof(struct address)) != 0)
			return false;
	return true;
}

static bool same_spans(const struct config_spans *a, const struct config_spans *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->item[i].name, b->item[i].name) != 0 ||
		    a->item[i].first != b->item[i].first || a->item[i].last != b->item[i].last ||
		    a->item[i].span != b->item[i].span)
			return false;
	return true;
}

// A rule may lack a text.
static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool config_same_value(const void *a, const void *b, const struct config_key *key)
{
	const void *a_member = (const char *)a + key->offset;
	const void *b_member = (const char *)b + key->offset;

	switch (key->kind) {
	case CONFIG_PREFIXES:
		return same_prefixes(a_member, b_member);
	case CONFIG_DEVICES:
	case CONFIG_WORDS:
	case CONFIG_NAMES:
	case CONFIG_CORES:
		return same_texts(a_member, b_member);
	case CONFIG_PATH:
	case CONFIG_LOG_NAME:
	case CONFIG_PATTERN:
	case CONFIG_SOCKET:
	case CONFIG_FILTER:
	case CONFIG_ABOVE:
		return same_text(*(char *const *)a_member, *(char *const *)b_member);
	case CONFIG_TIMED_PORTS:
		return memcmp(a_member, b_member, key->size) == 0 &&
		       same_spans((const void *)((const char *)a + key->spans),
				  (const void *)((const char *)b + key->spans));
	case CONFIG_SERVICES:
		return same_spans(a_member, b_member);
	default:
		return memcmp(a_member, b_member, key->size) == 0;
	}
}
