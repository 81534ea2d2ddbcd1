/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include "base/monotonic.h"
#include "base/time.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR           24
#define LINE_SIZE     200
#define WIDTH_ASSUMED 80

static size_t write_bar(char *line, double part)
{
	int full = (int)(part * BAR);

	line[0] = '[';
	for (int i = 0; i < BAR; i++)
		line[1 + i] = i < full ? '#' : '.';
	return 1 + BAR + (size_t)sprintf(line + 1 + BAR, "] %3d%% ", (int)(part * 100));
}

static size_t write_time_left(char *line, double part, double elapsed)
{
	unsigned left = (unsigned)(elapsed / part - elapsed);

	if (left < 3600)
		return (size_t)sprintf(line, ", %u:%02u left", left / 60, left % 60);
	return (size_t)sprintf(line, ", %u:%02u:%02u left", left / 3600, left / 60 % 60, left % 60);
}

static int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col;
	return WIDTH_ASSUMED;
}

void control_draw_progress(const struct control *control, bool done)
{
	double elapsed = (double)(monotonic_now() - control->started) / TIME_SECOND;
	double part = control->settings.progress(control->settings.context);
	struct control_totals totals;
	char line[LINE_SIZE] = "";
	size_t length = 0;

	if (!done) {
		control_totals(control, &totals);
		if (part >= 0)
			length += write_bar(line, part);
		length += (size_t)snprintf(
			line + length, LINE_SIZE / 2, "%.2f M packets, %.2f M/s, %llu connections",
			(double)totals.capture.received / 1e6,
			elapsed > 0 ? (double)totals.capture.received / 1e6 / elapsed : 0,
			(unsigned long long)totals.conn.created);
		if (part > 0.01)
			length += write_time_left(line + length, part, elapsed);
	}
	// A line that is wider than the terminal would not be overwritten by the next one.
	if (length > (size_t)terminal_width() - 1)
		length = (size_t)terminal_width() - 1;
	printf("\r\033[K%.*s", (int)length, line);
	fflush(stdout);
}
