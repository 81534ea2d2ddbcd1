/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool quiet;

static _Thread_local char *kept;
static _Thread_local size_t kept_room;

void message_keep(char *text, size_t size)
{
	if (text != NULL && size > 0)
		text[0] = '\0';
	kept = text;
	kept_room = size;
}

static void keep(const char *line)
{
	size_t used;

	if (kept == NULL)
		return;
	used = strlen(kept);
	snprintf(kept + used, kept_room - used, "%s%s", used > 0 ? "; " : "", line);
}

// One write a line, so that lines of several threads do not mix.
static void message(const char *kind, const char *format, va_list arguments)
{
	char line[1024];
	int length = vsnprintf(line, sizeof(line), format, arguments);

	if (length < 0)
		return;
	fprintf(stderr, "weir: %s%s\n", kind, line);
	keep(line);
}

void message_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message("error: ", format, arguments);
	va_end(arguments);
}

void message_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message("warning: ", format, arguments);
	va_end(arguments);
}

void message_info(const char *format, ...)
{
	va_list arguments;

	if (quiet)
		return;
	va_start(arguments, format);
	message("", format, arguments);
	va_end(arguments);
}

void message_quiet(void)
{
	quiet = true;
}
