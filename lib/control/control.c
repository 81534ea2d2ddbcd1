/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include "base/cycles.h"
#include "base/message.h"
#include "base/monotonic.h"
#include "base/time.h"
#include "log/log_writer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_INTERVAL (200 * TIME_MILLISECOND)
// With nothing to do, how long until the next look: longer as long as that finds little, since each
// waking costs a worker on the same CPU some 20 microseconds. When more comes meanwhile than a
// worker's ring holds, connections wait in its table; but a live worker has no place for events.
#define NAP_SHORTEST    125 // microseconds
#define NAP_LONGEST     1000
#define NAP_WITH_EVENTS 200
// Connections and events after a nap that are so many that the next one is shorter.
#define NAP_FINDS_MUCH 512
#define BUFFER_WAIT    (100 * TIME_MILLISECOND)
// How many such waits the end of the program takes part in: five seconds.
#define PATIENCE 50

struct control *control_create(const struct control_settings *settings)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return NULL;
	control->settings = *settings;
	control->started = monotonic_now();
	control->cycles_started = cycles_now();
	control_logs_start(control);
	control->patience = PATIENCE;
	control->shows_progress = settings->progress != NULL && isatty(STDOUT_FILENO);
	return control;
}

void control_destroy(struct control *control)
{
	free(control);
}

// Rotation follows the wall clock when live, and the time in the packets when a file is read.
static uint64_t log_now(const struct control *control)
{
	struct timespec now;

	if (!control->settings.live)
		return control->log_time;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * TIME_SECOND + (uint64_t)now.tv_nsec;
}

static void stop(struct control *control)
{
	if (control->stopping)
		return;
	control->stopping = true;
	if (!control->settings.live && !log_writer_failed(control->settings.writer))
		message_info("interrupted; what was read so far is logged");
	control->settings.stop(control->settings.context);
}

static void handle_signals(struct control *control)
{
	if (control_signalled(SIGTERM) || control_signalled(SIGINT))
		stop(control);
	if (control_signalled(SIGHUP)) {
		log_writer_reopen(control->settings.writer);
		control_retry_logs(control);
		if (control->settings.hang_up != NULL)
			control->settings.hang_up(control->settings.context);
	}
	if (control_signalled(SIGUSR1))
		control_print_summary(control);
}

bool control_wait_for_log(struct control *control)
{
	handle_signals(control);
	if (control->stopping && control->patience == 0)
		return false;
	if (!log_writer_wait(control->settings.writer, BUFFER_WAIT) && control->stopping)
		control->patience--;
	return true;
}

static bool all_done(const struct control *control)
{
	for (uint32_t i = 0; i < control->settings.worker_count; i++) {
		if (!atomic_load_explicit(&control->settings.workers[i].counters->done,
					  memory_order_acquire))
			return false;
	}
	return true;
}

// What is due from time to time.
static void look_after(struct control *control, uint64_t *next_second, uint64_t *next_progress)
{
	uint64_t now = monotonic_now();

	handle_signals(control);
	log_writer_tick(control->settings.writer, log_now(control));
	if (!control->settings.live && log_writer_failed(control->settings.writer))
		stop(control);
	if (now >= *next_second) {
		*next_second = now + TIME_SECOND;
		if (control->settings.second != NULL)
			control->settings.second(control->settings.context);
	}
	if (control->shows_progress && now >= *next_progress) {
		*next_progress = now + PROGRESS_INTERVAL;
		control_draw_progress(control, false);
	}
}

// `found`: what came since the last nap began. Returns how long this one was.
static useconds_t nap(const struct control *control, useconds_t last, size_t found)
{
	bool events = control->events.stream != NULL || control->records.stream != NULL;
	useconds_t longest = events ? NAP_WITH_EVENTS : NAP_LONGEST;
	useconds_t next = found >= NAP_FINDS_MUCH ? last / 2 : last * 2;

	next = next < NAP_SHORTEST ? NAP_SHORTEST : next > longest ? longest : next;
	usleep(next);
	return next;
}

void control_run(struct control *control)
{
	uint64_t next_second = 0, next_progress = control->started + PROGRESS_INTERVAL;
	useconds_t napped = NAP_SHORTEST;
	size_t found = 0;
	uint32_t round = 0;

	for (;;) {
		// Asked before the rings are emptied: then nothing can come after.
		bool done = all_done(control);
		uint64_t now = log_now(control);
		size_t taken = 0;

		for (uint32_t i = 0; i < control->settings.worker_count; i++) {
			taken += control_take(control, &control->settings.workers[i], now);
		}
		found += taken;
		if (done && taken == 0)
			break;
		if (taken == 0 || ++round % 64 == 0)
			look_after(control, &next_second, &next_progress);
		if (taken == 0) {
			napped = nap(control, napped, found);
			found = 0;
		}
	}
	if (control->shows_progress)
		control_draw_progress(control, true);
}
