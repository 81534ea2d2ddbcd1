/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/value.h"

#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

// 19 digits always fit in 64 bits.
#define DIGITS_MAX 19

static const struct config_unit span_units[] = {
	{"ns", 1},          {"us", TIME_MICROSECOND}, {"ms", TIME_MILLISECOND},
	{"s", TIME_SECOND}, {"sec", TIME_SECOND},     {"min", TIME_MINUTE},
	{"h", TIME_HOUR},   {"d", TIME_DAY},          {"day", TIME_DAY},
};

static const struct config_unit size_units[] = {
	{"B", 1},
	{"KiB", UINT64_C(1) << 10},
	{"MiB", UINT64_C(1) << 20},
	{"GiB", UINT64_C(1) << 30},
	{"TiB", UINT64_C(1) << 40},
	{"kB", UINT64_C(1000)},
	{"KB", UINT64_C(1000)},
	{"MB", UINT64_C(1000000)},
	{"GB", UINT64_C(1000000000)},
	{"TB", UINT64_C(1000000000000)},
};

static const struct config_unit count_units[] = {
	{"k", UINT64_C(1000)},
	{"Ki", UINT64_C(1) << 10},
	{"M", UINT64_C(1000000)},
	{"Mi", UINT64_C(1) << 20},
};

const struct config_scale config_spans = {
	.noun = "a duration",
	.example = "5 min or 300 s",
	.unit_names = "ns, us, ms, s, sec, min, h, d, day",
	.finest = "a nanosecond",
	.missing_unit = "s",
	.units = span_units,
	.unit_count = COUNT_OF(span_units),
};

const struct config_scale config_sizes = {
	.noun = "a size",
	.example = "64 MiB, or 4096 for bytes",
	.unit_names = "B, kB, KB, KiB, MB, MiB, GB, GiB, TB, TiB",
	.finest = "a byte",
	.units = size_units,
	.unit_count = COUNT_OF(size_units),
};

const struct config_scale config_counts = {
	.noun = "a whole number",
	.example = "4096 or 4 Ki",
	.unit_names = "k, Ki, M, Mi",
	.finest = "one",
	.units = count_units,
	.unit_count = COUNT_OF(count_units),
};

int config_fail(struct config_why *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int config_parse_boolean(const char *text, bool *value, struct config_why *why)
{
	static const struct {
		const char *text;
		bool value;
	} word[] = {{"yes", true},    {"no", false}, {"true", true},
		    {"false", false}, {"on", true},  {"off", false}};

	for (size_t i = 0; i < COUNT_OF(word); i++) {
		if (strcasecmp(text, word[i].text) == 0) {
			*value = word[i].value;
			return 0;
		}
	}
	return config_fail(why, "'%.60s' is neither yes nor no; write yes or no", text);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// A decimal number read exactly: `digits` / 10^`decimals`.
struct decimal {
	uint64_t digits;
	unsigned decimals;
	bool too_long;
};

// Returns where the number ends; that is `text` itself when there is none.
static const char *read_decimal(const char *text, struct decimal *number)
{
	unsigned used = 0;
	bool point = false;

	*number = (struct decimal){0};
	if (!is_digit(*text))
		return text;
	for (; is_digit(*text) || (*text == '.' && !point && is_digit(text[1])); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		if (used == 0 && *text == '0' && !point)
			continue;
		if (++used > DIGITS_MAX) {
			number->too_long = true;
			continue;
		}
		number->digits = number->digits * 10 + (uint64_t)(*text - '0');
		number->decimals += point;
	}
	return text;
}

static int find_unit(const struct config_scale *scale, const char *name, const char *text,
		     uint64_t *factor, struct config_why *why)
{
	for (size_t i = 0; i < scale->unit_count; i++) {
		if (strcmp(scale->units[i].name, name) == 0) {
			*factor = scale->units[i].factor;
			return 0;
		}
	}
	return config_fail(why, "'%.60s' is not %s, as '%.60s' is not a unit; units are %s", text,
			   scale->noun, name, scale->unit_names);
}

int config_parse_scaled(const struct config_scale *scale, const char *text, uint64_t *value,
			struct config_why *why)
{
	struct decimal number;
	const char *end = read_decimal(text, &number);
	unsigned __int128 result;
	uint64_t factor = 1;

	if (text[0] == '-' && is_digit(text[1]))
		return config_fail(why, "'%.60s' is negative; write for instance %s", text,
				   scale->example);
	if (end == text)
		return config_fail(why, "'%.60s' is not %s; write for instance %s", text,
				   scale->noun, scale->example);
	while (*end == ' ' || *end == '\t')
		end++;
	if (*end != '\0') {
		int status = find_unit(scale, end, text, &factor, why);

		if (status)
			return status;
	}
	if (number.too_long)
		return config_fail(why, "'%.60s' has more than %d digits; write for instance %s",
				   text, DIGITS_MAX, scale->example);
	if (*end == '\0' && scale->missing_unit && number.digits != 0)
		return config_fail(why, "'%.60s' has no unit; write %.60s %s", text, text,
				   scale->missing_unit);
	result = (unsigned __int128)number.digits * factor;
	for (; number.decimals > 0; number.decimals--) {
		if (result % 10 != 0)
			return config_fail(why, "'%.60s' is finer than %s; write for instance %s",
					   text, scale->finest, scale->example);
		result /= 10;
	}
	if (result > UINT64_MAX)
		return config_fail(why, "'%.60s' is too large; write for instance %s", text,
				   scale->example);
	*value = (uint64_t)result;
	return 0;
}

void config_format_scaled(const struct config_scale *scale, uint64_t value,
			  char text[CONFIG_SCALED_SIZE])
{
	const struct config_unit *best = NULL;

	// A plain count reads best without k and M.
	for (size_t i = 0; scale != &config_counts && i < scale->unit_count; i++) {
		const struct config_unit *unit = &scale->units[i];

		if (value != 0 && value % unit->factor == 0 &&
		    (!best || unit->factor > best->factor))
			best = unit;
	}
	if (best)
		snprintf(text, CONFIG_SCALED_SIZE, "%" PRIu64 " %s", value / best->factor,
			 best->name);
	else
		snprintf(text, CONFIG_SCALED_SIZE, "%" PRIu64, value);
}
