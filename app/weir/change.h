/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "options.h"
#include "service/service.h"
#include "watch/watch_book.h"

#include <stddef.h>

// Reads the command line and its configuration again, for a change that puts what can change while
// weir runs into force: rules, and the inactivity times of ports and services. Everything is checked
// first; after a mistake all stays as it was. What was wrong, and what would need a restart, is in
// `why` and told as messages. NULL after a mistake. The thread that owns the book, which has to
// apply the change, too; `running` and `book` must stay until then.
struct service_change *reload_begin(const struct options *running, struct watch_book *book,
				    char *why, size_t size);

// A change that adds a copy of `rule` to the book; NULL without memory, with `why`. As above.
struct service_change *rule_add_begin(struct watch_book *book,
				      const struct watch_rule_settings *rule, char *why,
				      size_t size);
