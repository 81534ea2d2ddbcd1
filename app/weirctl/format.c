/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

void format_size(double bytes, char *text)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t i = 0;

	while (bytes >= 1024 && i < 5) {
		bytes /= 1024;
		i++;
	}
	snprintf(text, TABLE_CELL_SIZE, i == 0 ? "%.0f %s" : "%.1f %s", bytes, unit[i]);
}

void format_span(double seconds, char *text)
{
	double rest = floor(seconds);
	unsigned long whole = rest < 1e15 ? (unsigned long)rest : 0;

	if (seconds < 60)
		snprintf(text, TABLE_CELL_SIZE, "%.3f s", seconds);
	else if (whole < 3600)
		snprintf(text, TABLE_CELL_SIZE, "%lu min %02lu s", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(text, TABLE_CELL_SIZE, "%lu h %02lu min", whole / 3600, whole / 60 % 60);
	else
		snprintf(text, TABLE_CELL_SIZE, "%lu d %02lu h", whole / 86400, whole / 3600 % 24);
}

void format_time(double seconds, char *text)
{
	double rounded = floor(seconds * 1000 + 0.5) / 1000;
	time_t whole = (time_t)floor(rounded);
	unsigned milliseconds = (unsigned)((rounded - floor(rounded)) * 1000 + 0.5);
	struct tm utc;
	size_t length;

	if (gmtime_r(&whole, &utc) == NULL) {
		snprintf(text, TABLE_CELL_SIZE, "?");
		return;
	}
	length = strftime(text, TABLE_CELL_SIZE, "%Y-%m-%d %H:%M:%S", &utc);
	snprintf(text + length, TABLE_CELL_SIZE - length, ".%03u", milliseconds % 1000);
}
