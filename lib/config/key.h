/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The one table from which parsing, defaults, --set and "did you mean" all come.

enum config_kind {
	CONFIG_BOOLEAN,
	CONFIG_COUNT,       // uint32_t or uint64_t, decimal, may carry k, Ki, M or Mi
	CONFIG_SIZE,        // uint32_t or uint64_t, bytes
	CONFIG_SPAN,        // uint64_t, nanoseconds
	CONFIG_PORTS,       // struct config_ports
	CONFIG_PREFIXES,    // struct config_prefixes
	CONFIG_DEVICES,     // struct config_texts, see config_parse_devices()
	CONFIG_WORDS,       // struct config_texts, separated by blanks only
	CONFIG_NAMES,       // struct config_texts, each once
	CONFIG_CORES,       // struct config_texts, each a decimal number
	CONFIG_PATH,        // char *
	CONFIG_SOURCE,      // enum config_source
	CONFIG_LOG_FORMAT,  // enum config_log_format
	CONFIG_LOG_NAME,    // char *, see config_check_log_name()
	CONFIG_PATTERN,     // char *, an extended regular expression; may be empty
	CONFIG_MODE,        // uint32_t, permissions of a file, octal
	CONFIG_SOCKET,      // char *, a path that a socket may have, "none" or "auto"
	CONFIG_TIMED_PORTS, // struct config_ports, and struct config_spans at `spans`
	CONFIG_SERVICES,    // struct config_spans
	CONFIG_FILTER,      // char *, a libpcap expression, not yet checked; may be empty
	CONFIG_FEATURE,     // enum config_feature
	CONFIG_ABOVE,       // char *, see config_parse_above()
	CONFIG_ACTIONS,     // uint32_t, enum config_action bits
	CONFIG_OTHER,       // any further key of a plugin, see config_key_other
};

struct config_key {
	const char *section; // "threshold" for [threshold NAME]
	const char *name;
	enum config_kind kind;
	enum config_rule rule;     // CONFIG_RULE_NONE: of an ordinary section
	size_t offset, size;       // of the member of struct config, or of the item of a rule
	size_t spans;              // for CONFIG_TIMED_PORTS: the offset of the second member
	const char *default_value; // as it would stand in a file; NULL: must be given
	const char *zero;          // what 0 stands for; NULL: only min and max decide
	uint64_t min, max;         // for counts, sizes (bytes) and spans (nanoseconds)
	bool live;                 // may change while weir runs
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

// Stands for every key of a plugin that has no row in the table.
extern const struct config_key config_key_other;

// The row of a key, or NULL when there is none; `section` as in the table. Any thread.
const struct config_key *config_key_find(const char *section, const char *name);

// Is there such a section, without a name of its own?
bool config_section_exists(const char *section);

// Does the value consist of several items or words, which may stand on several lines?
bool config_key_is_list(const struct config_key *key);

// May the value be empty?
bool config_key_may_be_empty(const struct config_key *key);
