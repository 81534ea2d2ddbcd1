/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

// The sections that a user names, and that may occur many times: [threshold NAME], [poll NAME],
// [plugin NAME]. Each makes one item of a list in the snapshot, in the order of the file.

#include "config/config_texts.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct config_why; // why a text was refused, see config/value.h

#define CONFIG_NAME_SIZE 32

// The most items of one kind.
#define CONFIG_RULES_MAX 1024

// The most keys of its own that one plugin may have.
#define CONFIG_OTHERS_MAX 256

enum config_rule {
	CONFIG_RULE_NONE, // an ordinary section
	CONFIG_RULE_THRESHOLD,
	CONFIG_RULE_POLL,
	CONFIG_RULE_PLUGIN,
	CONFIG_RULE_COUNT,
};

// Bits: what is done with a connection that a rule found.
enum config_action { CONFIG_ACTION_EVENT = 1, CONFIG_ACTION_LOG = 2, CONFIG_ACTION_CAPTURE = 4 };

// What a poll looks at. Bytes are those of IP packets, headers included.
enum config_feature {
	CONFIG_FEATURE_ORIG_BYTES,
	CONFIG_FEATURE_RESP_BYTES,
	CONFIG_FEATURE_BYTES,
	CONFIG_FEATURE_ORIG_PKTS,
	CONFIG_FEATURE_RESP_PKTS,
	CONFIG_FEATURE_PKTS,
	CONFIG_FEATURE_RATE,        // bytes a second since the last look
	CONFIG_FEATURE_PACKET_RATE, // packets a second since the last look
	CONFIG_FEATURE_DURATION,    // ns
	CONFIG_FEATURE_IDLE,        // ns since the last packet
	CONFIG_FEATURE_COUNT,
};

struct config_threshold {
	char name[CONFIG_NAME_SIZE];
	char *filter;                    // libpcap expression; empty: every connection
	uint64_t orig_bytes, resp_bytes; // of IP packets, headers included; 0: none
	uint64_t orig_pkts, resp_pkts;   // 0: none
	uint64_t pkts;                   // both directions together; 0: none
	uint64_t duration;               // ns; 0: none
	bool idle;                       // duration also fires while no packet comes
	uint32_t actions;                // enum config_action
};

struct config_poll {
	char name[CONFIG_NAME_SIZE];
	char *filter;                // as above
	uint64_t interval;           // ns
	enum config_feature feature; // CONFIG_FEATURE_COUNT until it is given
	char *above_text; // as written, as its unit depends on `feature`; NULL: not given
	uint64_t above;   // bytes, packets, either a second, or ns; config_rule_finish() fills it
	bool repeat;      // go on after it was found
	uint32_t actions; // enum config_action
};

struct config_plugin {
	char name[CONFIG_NAME_SIZE];
	char *path;                       // NULL until it is given
	struct config_texts keys, values; // all other keys, as text; as many of both
};

// Where a key of such a section was set, in the way of config_place(); for `key` NULL, or one that
// has its default, where the section is. `section` is "threshold", "poll" or "plugin". Belongs to
// `config`, until the key is set again.
const char *config_rule_place(const struct config *config, const char *section, const char *name,
			      const char *key);

// The following make one item by itself, as the file would, for requests at run time. They return
// 0, -EINVAL with `why` telling what is wrong and what would be right, or -ENOMEM. Control only.

// Fills an item (of the struct that belongs to `rule`) with the defaults, after a check of the name.
// Call config_rule_free() also after a failure of one of the further ones.
int config_rule_init(enum config_rule rule, void *item, const char *name, struct config_why *why);

// Sets one key; after a failure it is as it was before.
int config_rule_set(enum config_rule rule, void *item, const char *key, const char *text,
		    struct config_why *why);

// Checks that nothing is missing, and fills what depends on several keys. On failure, `key` is the
// key that the message is about, or NULL.
int config_rule_finish(enum config_rule rule, void *item, const char **key, struct config_why *why);

void config_rule_free(enum config_rule rule, void *item);

// 1 to 31 letters, digits, '_' or '-'.
int config_check_name(const char *name, struct config_why *why);

// "rate"; any thread.
const char *config_feature_name(enum config_feature feature);

// The feature of that name, or -EINVAL. Any thread.
int config_feature_find(const char *name);

// "event, log": enum config_action bits, at least one.
int config_parse_actions(const char *text, uint32_t *value, struct config_why *why);

int config_parse_feature(const char *text, enum config_feature *value, struct config_why *why);

// The limit of a poll: a size, a number of packets (for rates: in a second), or a duration.
int config_parse_above(enum config_feature feature, const char *text, uint64_t *value,
		       struct config_why *why);
