/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>

// Work that would hold up the service's thread, done on a thread of its own: compiling filters above
// all, as one with the name of a host waits for a name server, and a long one takes its time.
// Whoever begins polls aside_is_done(); whoever does not want to wait any longer ends it, and the
// thread, which may outlive the service, sees to the rest.
struct aside;

// To be the first member of what is worked on.
struct aside_work {
	void (*run)(struct aside_work *work);  // on the thread; touches nothing but its work
	void (*drop)(struct aside_work *work); // frees it; any thread
};

// All of these are for the service's thread.
//
// Takes `work` over. NULL when there is no memory or thread, or so much is being worked on that only
// what is `urgent` may begin; it is the caller's then, as before.
struct aside *aside_begin(struct aside_work *work, bool urgent);
bool aside_is_done(const struct aside *aside);

// When it is done: the work, which is the caller's again.
struct aside_work *aside_take(struct aside *aside);

// At any time; work that was not taken is dropped. Nothing for NULL.
void aside_end(struct aside *aside);
