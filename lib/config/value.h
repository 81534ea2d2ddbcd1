/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/time.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

// Texts to values. Each returns 0, -EINVAL with `why` telling what is wrong and what would be
// right, or -ENOMEM; `value` is written only on success. Start-up and control only.

struct config_why {
	char text[512];
};

// The greatest values that make sense.
#define CONFIG_SPAN_MAX    (3650 * TIME_DAY) // a time that is this far ahead still fits in 63 bits
#define CONFIG_BYTES_MAX   (UINT64_C(1) << 50)
#define CONFIG_PACKETS_MAX UINT64_C(1000000000000000)

// Fills `why` and returns -EINVAL.
int config_fail(struct config_why *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// "yes", "off", "true", ...
int config_parse_boolean(const char *text, bool *value, struct config_why *why);

struct config_unit {
	const char *name;
	uint64_t factor;
};

// A way to write numbers: "5 min", "64 KiB", "4 Mi".
struct config_scale {
	const char *noun;         // "a duration"
	const char *example;      // "5 min or 300 s"
	const char *unit_names;   // for messages
	const char *finest;       // the value 1 in words
	const char *missing_unit; // proposed when a number has no unit; NULL: none is needed
	const struct config_unit *units;
	size_t unit_count;
};

extern const struct config_scale config_spans; // nanoseconds
extern const struct config_scale config_sizes; // bytes
extern const struct config_scale config_counts;

int config_parse_scaled(const struct config_scale *scale, const char *text, uint64_t *value,
			struct config_why *why);

#define CONFIG_SCALED_SIZE 32

// The shortest exact way to write `value`, for messages.
void config_format_scaled(const struct config_scale *scale, uint64_t value,
			  char text[CONFIG_SCALED_SIZE]);

// "21, 22 6666-6669": blanks and commas separate.
int config_parse_ports(const char *text, struct config_ports *value, struct config_why *why);

// "21, 22=2h, 6000-6010=30min": all ports, and those with a time of their own. What was in `own` is
// not freed; the caller frees it with config_spans_free(), as for the following.
int config_parse_timed_ports(const char *text, struct config_ports *value, struct config_spans *own,
			     struct config_why *why);

// "ftp, ssh=2h".
int config_parse_services(const char *text, struct config_spans *value, struct config_why *why);
void config_spans_free(struct config_spans *spans);

// Is it 1 to 31 letters, digits, '_' or '-'?
bool config_name_is_right(const char *name, size_t length);

// The permissions of a file, octal: "0600".
int config_parse_mode(const char *text, uint32_t *value, struct config_why *why);

// "auto", "none", or a path that a socket may have. Returns 0 or -EINVAL.
int config_check_socket(const char *text, struct config_why *why);

// "10.0.0.0/8, 2001:db8::/32". The caller frees value->item.
int config_parse_prefixes(const char *text, struct config_prefixes *value, struct config_why *why);

// Lists of texts; the caller frees with config_texts_free().
// Words are separated by blanks alone, because DPDK's arguments contain commas.
int config_parse_words(const char *text, struct config_texts *value, struct config_why *why);
// Devices are separated by commas too, except before the name=value of a virtual device.
int config_parse_devices(const char *text, struct config_texts *value, struct config_why *why);
// Names, separated by blanks and commas.
int config_parse_names(const char *text, struct config_texts *value, struct config_why *why);
// CPU numbers; "2-4" becomes "2", "3", "4".
int config_parse_cores(const char *text, struct config_texts *value, struct config_why *why);
void config_texts_free(struct config_texts *texts);

// An extended regular expression, as in grep -E. Returns 0 or -EINVAL.
int config_check_pattern(const char *text, struct config_why *why);

// The name that a rotated log gets: a strftime pattern with {path}. Returns 0 or -EINVAL.
int config_check_log_name(const char *text, struct config_why *why);
