/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "reload.h"

#include "base/message.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>

static int apply(const struct options *running, const struct options *wanted,
		 struct watch_book *book, char *note, size_t size)
{
	char fixed[512];
	size_t count;
	int result = rules_apply(book, wanted->config, note, size);

	if (result < 0) {
		message_error("reload: %s", note);
		return result;
	}
	note[0] = '\0';
	count = config_fixed_changes(running->config, wanted->config, fixed, sizeof(fixed));
	if (count > 0) {
		snprintf(note, size, "%s: changed, but in force only after a restart", fixed);
		message_warning("%s", note);
	}
	message_info("the configuration was read again: %zu threshold%s, %zu poll%s",
		     wanted->config->thresholds.count,
		     wanted->config->thresholds.count == 1 ? "" : "s", wanted->config->polls.count,
		     wanted->config->polls.count == 1 ? "" : "s");
	return 0;
}

int reload(const struct options *running, struct watch_book *book, char *note, size_t size)
{
	struct options wanted = {0};
	enum options_result result;
	int status = -EINVAL;

	message_keep(note, size);
	result = options_read(&wanted, running->argc, running->argv);
	message_keep(NULL, 0);
	if (result == OPTIONS_RUN)
		status = apply(running, &wanted, book, note, size);
	else
		message_error("reload: nothing was changed");
	options_free(&wanted);
	return status;
}
