/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include "base/time.h"

#include <stdio.h>

#define BAR 24

static void draw_bar(double part)
{
	int full = (int)(part * BAR);

	putchar('[');
	for (int i = 0; i < BAR; i++)
		putchar(i < full ? '#' : '.');
	printf("] %3d%%", (int)(part * 100));
}

static void draw_time_left(double part, double elapsed)
{
	double left = elapsed / part - elapsed;

	if (left < 3600)
		printf(", %d:%02d left", (int)left / 60, (int)left % 60);
	else
		printf(", %d:%02d:%02d left", (int)left / 3600, (int)left / 60 % 60,
		       (int)left % 60);
}

void control_draw_progress(const struct control *control, bool done)
{
	double elapsed = (double)(control_now() - control->started) / TIME_SECOND;
	double part = control->settings.progress(control->settings.context);
	struct control_totals totals;

	printf("\r\033[K");
	if (!done) {
		control_totals(control, &totals);
		if (part >= 0)
			draw_bar(part);
		printf(" %.2f M packets, %.2f M/s, %llu connections",
		       (double)totals.capture.received / 1e6,
		       elapsed > 0 ? (double)totals.capture.received / 1e6 / elapsed : 0,
		       (unsigned long long)totals.conn.created);
		if (part > 0.01)
			draw_time_left(part, elapsed);
	}
	fflush(stdout);
}
