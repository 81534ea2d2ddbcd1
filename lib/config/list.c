/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORES_MAX 1024

int config_word_shown(struct config_word word)
{
	return word.length < 60 ? (int)word.length : 60;
}

bool config_word_next(const char **cursor, const char *separators, struct config_word *word)
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

int config_word_range(struct config_word word, const char *what, uint32_t max, uint32_t *first,
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
		return config_fail(why, "the range %.*s runs backwards; write %u-%u",
				   config_word_shown(word), word.text, *last, *first);
	return 0;

wrong:
	return config_fail(why,
			   "'%.*s' is not a %s; write numbers from 0 to %u or ranges such as 5-8, "
			   "without blanks",
			   config_word_shown(word), word.text, what, max);
}

// The bits of one word of a set that stand for ports from `first` to `last`, which is not before it.
static uint64_t range_bits(uint32_t word, uint32_t first, uint32_t last)
{
	uint64_t bits = UINT64_MAX;

	if (first > word * 64)
		bits &= UINT64_MAX << (first - word * 64);
	if (last < word * 64 + 63)
		bits &= UINT64_MAX >> (63 - (last - word * 64));
	return bits;
}

void config_ports_add(struct config_ports *ports, uint32_t first, uint32_t last)
{
	for (uint32_t word = first / 64; word <= last / 64; word++)
		ports->bit[word] |= range_bits(word, first, last);
}

bool config_ports_overlap(const struct config_ports *ports, uint32_t first, uint32_t last)
{
	for (uint32_t word = first / 64; word <= last / 64; word++)
		if (ports->bit[word] & range_bits(word, first, last))
			return true;
	return false;
}

int config_parse_ports(const char *text, struct config_ports *value, struct config_why *why)
{
	struct config_ports ports = {0};
	struct config_word word;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
		uint32_t first, last;
		int status = config_word_range(word, "port", UINT16_MAX, &first, &last, why);

		if (status)
			return status;
		config_ports_add(&ports, first, last);
	}
	*value = ports;
	return 0;
}

static int add_prefix(struct config_prefixes *prefixes, struct config_word word,
		      struct config_why *why)
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
				   config_word_shown(word), word.text);
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
	struct config_word word;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
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

int config_texts_add(struct config_texts *texts, struct config_word word)
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
int config_texts_add_once(struct config_texts *texts, struct config_word word,
			  struct config_why *why)
{
	if (texts->count == CONFIG_LIST_MAX)
		return config_fail(why, "more than %d items; write fewer", CONFIG_LIST_MAX);
	for (size_t i = 0; i < texts->count; i++)
		if (strlen(texts->item[i]) == word.length &&
		    memcmp(texts->item[i], word.text, word.length) == 0)
			return config_fail(why, "'%.*s' is given twice; write it once",
					   config_word_shown(word), word.text);
	return config_texts_add(texts, word);
}

int config_parse_words(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct config_word word;
	int status;

	while (config_word_next(&text, CONFIG_BLANKS, &word)) {
		status = config_texts_add(&texts, word);
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

static bool next_device(const char **cursor, struct config_word *word)
{
	struct config_word more;

	if (!config_word_next(cursor, CONFIG_SEPARATORS, word))
		return false;
	while (**cursor == ',' && is_argument(*cursor + 1)) {
		config_word_next(cursor, CONFIG_SEPARATORS, &more);
		word->length = (size_t)(*cursor - word->text);
	}
	return true;
}

int config_parse_devices(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct config_word word;

	while (next_device(&text, &word)) {
		int status = config_texts_add_once(&texts, word, why);

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
	struct config_word word;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
		int status = config_texts_add_once(&texts, word, why);

		if (status) {
			config_texts_free(&texts);
			return status;
		}
	}
	*value = texts;
	return 0;
}

static int add_cores(struct config_texts *texts, struct config_word word, struct config_why *why)
{
	uint32_t first, last;
	int status = config_word_range(word, "CPU", CORES_MAX - 1, &first, &last, why);

	for (uint32_t core = first; status == 0 && core <= last; core++) {
		char number[16];
		int length = snprintf(number, sizeof(number), "%u", core);

		status = config_texts_add_once(texts, (struct config_word){number, (size_t)length},
					       why);
	}
	return status;
}

int config_parse_cores(const char *text, struct config_texts *value, struct config_why *why)
{
	struct config_texts texts = {0};
	struct config_word word;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
		int status = add_cores(&texts, word, why);

		if (status) {
			config_texts_free(&texts);
			return status;
		}
	}
	*value = texts;
	return 0;
}
