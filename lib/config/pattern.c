/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/value.h"

#include <errno.h>
#include <regex.h>

int config_check_pattern(const char *text, struct config_why *why)
{
	char problem[128];
	regex_t regex;
	int status = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);

	if (status == 0) {
		regfree(&regex);
		return 0;
	}
	regerror(status, &regex, problem, sizeof(problem));
	return config_fail(why,
			   "'%.60s' is not a regular expression (%s); write one as for grep -E",
			   text, problem);
}
