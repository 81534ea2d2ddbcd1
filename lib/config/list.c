/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " \t,"
#define BLANKS     " \t"
#define CORES_MAX  1024

struct word {
	const char *text;
	size_t length;
};

// For "%.*s" in a message: enough to recognise the word.
static int shown(struct word word)
{
	return word.length < 60 ? (int)word.length : 60;
}

static bool next_word(const char **cursor, const char *separators, struct word *word)
{
	*cursor += strspn(*cursor, separators);
	word->text = *cursor;
	word->length = strcspn(*cursor, separators);
	*cursor += word->length;
	return word->length > 0;
}

// Reads decimal digits up to `max` and moves `text` behind them.
static bool read_number(const char **text, const char *end, uint32_t max, uint32_t *value)
{
	const char *start = *text;

	*value = 0;
	for (; *text < end && **text >= '0' && **text <= '9'; (*text)++) {
		*value = *value * 10 + (uint32_t)(**text - '0');
		if (*value > max)
			return false;
	}
	return *text > start;
}

// "80" or "6666-6669"; `what` names one item in messages.
static int read_range(struct word word, const char *what, uint32_t max, uint32_t *first,
		      uint32_t *last, struct config_why *why)
{
	const char *text = word.text, *end = word.text + word.length;

	if (!read_number(&text, end, max, first))
		goto wrong;
	*last = *first;
	if (text < end && *text == '-') {
		text++;
		if (!read_number(&text, end, max, last))
			goto wrong;
	}
	if (text != end)
		goto wrong;
	if (*first > *last)
		return config_fail(why, "the range %.*s runs backwards; write %u-%u", shown(word),
				   word.text, *last, *first);
	return 0;

wrong:
	return config_fail(why,
			   "'%.*s' is not a %s; write numbers from 0 to %u or ranges such as 5-8, "
			   "without blanks",
			   shown(word), word.text, what, max);
}

int config_parse_ports(const char *text, struct config_ports *value, struct config_why *why)
{
	struct config_ports ports = {0};
	struct word word;

	while (next_word(&text, SEPARATORS, &word)) {
		uint32_t first, last;
		int status = read_range(word, "port", UINT16_MAX, &first, &last, why);

		if (status)
			return status;
		for (uint32_t port = first; port <= last; port++)
			ports.bit[port / 64] |= UINT64_C(1) << (port % 64);
	}
	*value = ports;
	return 0;
}

static int add_prefix(struct config_prefixes *prefixes, struct word word, struct config_why *why)
{
	char copy[ADDRESS_TEXT_SIZE + sizeof("/128")];
	struct prefix prefix, *item;

	if (word.length < sizeof(copy)) {
		memcpy(copy, word.text, word.length);
		copy[word.length] = '\0';
	}
	if (word.length >= sizeof(copy) || prefix_parse(copy, &prefix) != 0)
		return config_fail(why,
				   "'%.*s' is not a network; write for instance 10.0.0.0/8 or "
				   "2001:db8::/32",
				   shown(word), word.text);
	item = reallocarray(prefixes->item, prefixes->count + 1, sizeof(*item));
	if (!item)
		return -ENOMEM;
	item[prefixes->count++] = prefix;
	prefixes->item = item;
	return 0;
}

int config_parse_prefixes(const char *text, struct config_prefixes *value, struct config_why *why)
{
	struct config_prefixes prefixes = {0};
	struct word word;

	while (next_word(&text, SEPARATORS, &word)) {
		int status = add_prefix(&prefixes, word, why);

		if (status) {
			free(prefixes.item);
			return status;
		}
	}
	*value = prefixes;
	return 0;
}

void config_texts_free(struct config_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->item[i]);
	free(texts->item);
	*texts = (struct config_texts){0};
}

static int add_text(struct config_texts *texts, struct word word)
{
	char **item = reallocarray(texts->item, texts->count + 1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	texts->item = item;
	item[texts->count] = strndup(word.text, word.length);
	if (!item[texts->count])
		return -ENOMEM;
	texts->count++;
	return 0;
}

// A device, a column or a CPU that is named twice is always a slip.
static int add_once(struct config_texts *texts, struct word word, struct config_why *why)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strlen(texts->item[i]) == word.length &&
		    memcmp(texts->item[i], word.text, word.length) == 0)
			return config_fail(why, "'%.*s' is given twice; write it once", shown(word),
					   word.text);
	return add_text(texts, word);
}

int config_parse_words(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct word word;
	int status;

	while (next_word(&text, BLANKS, &word)) {
		status = add_text(&texts, word);
		if (status) {
			config_texts_free(&texts);
			return status;
		}
	}
	*value = texts;
	return 0;
}

// Does `text` begin with "name=", as the arguments of a virtual device do?
static bool is_argument(const char *text)
{
	size_t length = strcspn(text, "= \t,");

	return length > 0 && text[length] == '=';
}

static bool next_device(const char **cursor, struct word *word)
{
	struct word more;

	if (!next_word(cursor, SEPARATORS, word))
		return false;
	while (**cursor == ',' && is_argument(*cursor + 1)) {
		next_word(cursor, SEPARATORS, &more);
		word->length = (size_t)(*cursor - word->text);
	}
	return true;
}

int config_parse_devices(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct word word;

	while (next_device(&text, &word)) {
		int status = add_once(&texts, word, why);

		if (status) {
			config_texts_free(&texts);
			return status;
		}
	}
	*value = texts;
	return 0;
}

int config_parse_names(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct word word;

	while (next_word(&text, SEPARATORS, &word)) {
		int status = add_once(&texts, word, why);

		if (status) {
			config_texts_free(&texts);
			return status;
		}
	}
	*value = texts;
	return 0;
}

static int add_cores(struct config_texts *texts, struct word word, struct config_why *why)
{
	uint32_t first, last;
	int status = read_range(word, "CPU", CORES_MAX - 1, &first, &last, why);

	for (uint32_t core = first; status == 0 && core <= last; core++) {
		char number[16];
		int length = snprintf(number, sizeof(number), "%u", core);

		status = add_once(texts, (struct word){number, (size_t)length}, why);
	}
	return status;
}

int config_parse_cores(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct word word;

	while (next_word(&text, SEPARATORS, &word)) {
		int status = add_cores(&texts, word, why);

		if (status) {
			config_texts_free(&texts);
			return status;
		}
	}
	*value = texts;
	return 0;
}
