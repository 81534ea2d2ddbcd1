/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "watch/watch_rules.h"

#include <stddef.h>

// The rules in force, as the control side keeps them: those of the configuration, and those that
// came at run time. Each change makes a new snapshot and publishes it; workers take it over when
// they have the time, and nobody waits for them on the packet path. A snapshot that was replaced is
// kept until no connection needs it.
//
// Compiling filters takes long and may wait for a name server: whoever cannot wait does it aside, and
// gives filters along with the rules.
//
// Control side: one thread at a time.
struct watch_book;

// `synchronize` returns when every worker has passed a quiescent state; NULL without workers. NULL
// without memory.
struct watch_book *watch_book_create(void (*synchronize)(void));

// When no worker runs any more.
void watch_book_destroy(struct watch_book *book);

// Where workers find the snapshot; it stays as long as the book.
struct watch_rules *_Atomic *watch_book_published(struct watch_book *book);

// All of these return 0, and `why` is empty, or a negative errno with a sentence in `why`, and change
// nothing then.
//
// Replaces all rules and, unless it is NULL, the inactivity times; copies. Which ports have a time
// of their own counts for connections that are established from now on, the general time of such
// ports for all. A rule that is as it was goes on for the connections that have
// it.
int watch_book_replace(struct watch_book *book, const struct watch_rule_settings *rules,
		       size_t count, const struct watch_inactivity *inactivity, char *why,
		       size_t size);
// Adds one, for connections to come; -EEXIST where there is one of that name.
int watch_book_add(struct watch_book *book, const struct watch_rule_settings *rule, char *why,
		   size_t size);
// Takes one away, from all connections; -ENOENT where there is none of that name.
int watch_book_delete(struct watch_book *book, const char *name, bool poll, char *why, size_t size);

// The filter of some rule, in force or still kept, with that expression, which the caller has to give
// back with filter_destroy(); NULL where there is none.
struct filter *watch_book_filter(const struct watch_book *book, const char *expression);

// The inactivity times in force; until the next change. NULL when none were given.
const struct watch_inactivity *watch_book_inactivity(const struct watch_book *book);

// The rules in force; until the next change.
const struct watch_rule_settings *watch_book_rules(const struct watch_book *book, size_t *count);

// Snapshots that are kept, for a test.
size_t watch_book_kept(const struct watch_book *book);
