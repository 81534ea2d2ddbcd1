/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The one table from which parsing, defaults, --set and "did you mean" all come.

enum config_kind {
	CONFIG_BOOLEAN,
	CONFIG_COUNT,      // uint32_t, decimal, may carry k, Ki, M or Mi
	CONFIG_SIZE,       // uint32_t or uint64_t, bytes
	CONFIG_SPAN,       // uint64_t, nanoseconds
	CONFIG_PORTS,      // struct config_ports
	CONFIG_PREFIXES,   // struct config_prefixes
	CONFIG_DEVICES,    // struct config_texts, see config_parse_devices()
	CONFIG_WORDS,      // struct config_texts, separated by blanks only
	CONFIG_NAMES,      // struct config_texts, each once
	CONFIG_CORES,      // struct config_texts, each a decimal number
	CONFIG_PATH,       // char *
	CONFIG_SOURCE,     // enum config_source
	CONFIG_LOG_FORMAT, // enum config_log_format
	CONFIG_LOG_NAME,   // char *, see config_check_log_name()
	CONFIG_PATTERN,    // char *, an extended regular expression; may be empty
};

struct config_key {
	const char *section;
	const char *name;
	enum config_kind kind;
	size_t offset, size;       // of the member of struct config
	const char *default_value; // as it would stand in a file
	const char *zero;          // what 0 stands for; NULL: only min and max decide
	uint64_t min, max;         // for counts, sizes (bytes) and spans (nanoseconds)
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

// The row of a key, or NULL when there is none. Any thread.
const struct config_key *config_key_find(const char *section, const char *name);

bool config_section_exists(const char *section);

// Does the value consist of several items, which may stand on several lines?
bool config_key_is_list(const struct config_key *key);
