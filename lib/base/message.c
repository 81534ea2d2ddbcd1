/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static bool quiet;

// One write a line, so that lines of several threads do not mix.
static void message(const char *kind, const char *format, va_list arguments)
{
	char line[1024];
	int length = vsnprintf(line, sizeof(line), format, arguments);

	if (length < 0)
		return;
	fprintf(stderr, "weir: %s%s\n", kind, line);
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
