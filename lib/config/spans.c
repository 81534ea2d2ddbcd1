/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/list.h"

#include "base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Lists whose items may carry a time of their own, such as "22=2h".

#define ITEM_MAX 64

// Takes "22=2h" apart: `word` keeps what is before '='. `span` is UINT64_MAX when there is no '='.
static int split_span(struct config_word *word, uint64_t *span, struct config_why *why)
{
	const char *equals = memchr(word->text, '=', word->length);
	struct config_word all = *word;
	struct config_why inner;
	char text[ITEM_MAX];
	size_t length;

	*span = UINT64_MAX;
	if (equals == NULL)
		return 0;
	word->length = (size_t)(equals - word->text);
	length = all.length - word->length - 1;
	if (length >= sizeof(text))
		goto wrong;
	memcpy(text, equals + 1, length);
	text[length] = '\0';
	if (config_parse_scaled(&config_spans, text, span, &inner) < 0)
		goto wrong;
	if (*span != 0 && (*span < TIME_MILLISECOND || *span > CONFIG_SPAN_MAX))
		return config_fail(why, "'%.*s' is out of range; write 0 (never) or 1 ms to 3650 d",
				   config_word_shown(all), all.text);
	return 0;

wrong:
	return config_fail(why,
			   "'%.*s' has no duration that weir knows after '='; write for instance "
			   "%.*s=2h, without blanks",
			   config_word_shown(all), all.text, config_word_shown(*word), word->text);
}

// There is room for as many items as the next power of two.
static int add_span(struct config_spans *spans, const struct config_span *span)
{
	size_t count = spans->count;

	if ((count & (count - 1)) == 0) {
		struct config_span *item = reallocarray(spans->item, count ? 2 * count : 1,
							sizeof(*item));

		if (!item)
			return -ENOMEM;
		spans->item = item;
	}
	spans->item[spans->count++] = *span;
	return 0;
}

void config_spans_free(struct config_spans *spans)
{
	free(spans->item);
	*spans = (struct config_spans){0};
}

// `timed` are the ports so far that have a time of their own.
static int add_ports(struct config_ports *ports, struct config_ports *timed,
		     struct config_spans *spans, struct config_word word, struct config_why *why)
{
	struct config_span span = {0};
	struct config_word all = word;
	int status = split_span(&word, &span.span, why);

	if (status == 0)
		status = config_word_range(word, "port", UINT16_MAX, &span.first, &span.last, why);
	if (status)
		return status;
	// Which of two times would hold?
	if (config_ports_overlap(span.span == UINT64_MAX ? timed : ports, span.first, span.last))
		return config_fail(why,
				   "'%.*s' has a port that is in the list before, with another "
				   "time; write each port once",
				   config_word_shown(all), all.text);
	config_ports_add(ports, span.first, span.last);
	if (span.span == UINT64_MAX)
		return 0;
	config_ports_add(timed, span.first, span.last);
	return add_span(spans, &span);
}

int config_parse_timed_ports(const char *text, struct config_ports *value, struct config_spans *own,
			     struct config_why *why)
{
	struct config_ports ports = {0}, timed = {0};
	struct config_spans spans = {0};
	struct config_word word;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
		int status = add_ports(&ports, &timed, &spans, word, why);

		if (status) {
			config_spans_free(&spans);
			return status;
		}
	}
	*value = ports;
	*own = spans;
	return 0;
}

static int add_service(struct config_spans *spans, struct config_word word, struct config_why *why)
{
	struct config_span span = {0};
	int status = split_span(&word, &span.span, why);

	if (status)
		return status;
	if (!config_name_is_right(word.text, word.length))
		return config_fail(why,
				   "'%.*s' is not the name of a service; write names such as ssh, "
				   "with a time of its own: ssh=2h, without blanks",
				   config_word_shown(word), word.text);
	memcpy(span.name, word.text, word.length);
	for (size_t i = 0; i < spans->count; i++)
		if (strcmp(spans->item[i].name, span.name) == 0)
			return config_fail(why, "'%s' is given twice; write it once", span.name);
	if (spans->count == CONFIG_LIST_MAX)
		return config_fail(why, "more than %d items; write fewer", CONFIG_LIST_MAX);
	return add_span(spans, &span);
}

int config_parse_services(const char *text, struct config_spans *value, struct config_why *why)
{
	struct config_spans spans = {0};
	struct config_word word;

	while (config_word_next(&text, CONFIG_SEPARATORS, &word)) {
		int status = add_service(&spans, word, why);

		if (status) {
			config_spans_free(&spans);
			return status;
		}
	}
	*value = spans;
	return 0;
}
