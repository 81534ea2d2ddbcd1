/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/value.h"

#include <string.h>
#include <strings.h>
#include <sys/un.h>

// The settings of the socket for requests.

int config_parse_mode(const char *text, uint32_t *value, struct config_why *why)
{
	size_t length = strlen(text);
	uint32_t mode = 0;

	if (length < 3 || length > 4 || strspn(text, "01234567") != length ||
	    (length == 4 && text[0] != '0'))
		return config_fail(why,
				   "'%.60s' is not a file mode; write three octal digits with a 0 "
				   "in front, such as 0600 or 0660",
				   text);
	for (; *text; text++)
		mode = mode * 8 + (uint32_t)(*text - '0');
	*value = mode;
	return 0;
}

int config_check_socket(const char *text, struct config_why *why)
{
	static const char *const words[] = {"auto", "none"};
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	// Not a file called None.
	for (size_t i = 0; i < 2; i++)
		if (strcasecmp(text, words[i]) == 0 && strcmp(text, words[i]) != 0)
			return config_fail(why, "'%s' is not known; did you mean '%s'?", text,
					   words[i]);
	if (strlen(text) > room)
		return config_fail(why,
				   "the path has %zu characters, but that of a socket at most %zu; "
				   "choose a shorter one",
				   strlen(text), room);
	return 0;
}
