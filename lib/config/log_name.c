/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/value.h"

#include <string.h>

// A file name may have 255 bytes; no conversion below makes more than 11 out of its two.
#define PATTERN_MAX 100

// Conversions of strftime() that name a point in time; those whose result holds a '/' or blanks are
// left out.
#define CONVERSIONS "aAbBCdeFgGhHIjklmMpPRsSTuUVwWyYzZ"

#define EXAMPLE     "write for instance {path}.%%Y-%%m-%%d-%%H-%%M-%%S.log"

int config_check_log_name(const char *text, struct config_why *why)
{
	static const char path[] = "{path}";
	bool has_path = false, has_time = false;

	if (strlen(text) > PATTERN_MAX)
		return config_fail(why, "the name has more than %d characters; " EXAMPLE,
				   PATTERN_MAX);
	for (const char *c = text; *c; c++) {
		if (*c == '/')
			return config_fail(why,
					   "a file name must not hold a '/'; set the folder with "
					   "directory, and " EXAMPLE);
		if (strncmp(c, path, strlen(path)) == 0) {
			has_path = true;
			c += strlen(path) - 1;
		} else if (*c == '{' || *c == '}') {
			return config_fail(why, "only {path} may stand in braces; " EXAMPLE);
		} else if (*c == '%') {
			c++;
			if (*c == '\0')
				return config_fail(why, "the last %% lacks its letter; " EXAMPLE);
			if (*c != '%' && !strchr(CONVERSIONS, *c))
				return config_fail(why, "'%%%c' cannot be used here; " EXAMPLE, *c);
			has_time |= *c != '%';
		}
	}
	if (!has_path)
		return config_fail(why,
				   "{path}, which stands for the log's name, is missing; " EXAMPLE);
	if (!has_time)
		return config_fail(
			why, "without a time every rotation would overwrite the last; " EXAMPLE);
	return 0;
}
