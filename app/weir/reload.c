/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "reload.h"

#include "base/message.h"
#include "rules.h"

#include <errno.h>
#include <stdio.h>

static int apply(const struct config *running, const struct config *wanted, struct watch_book *book,
		 char *note, size_t size)
{
	char fixed[512];
	size_t count;
	int result = rules_apply(book, wanted, note, size);

	if (result < 0) {
		message_error("reload: %s", note);
		return result;
	}
	note[0] = '\0';
	count = config_fixed_changes(running, wanted, fixed, sizeof(fixed));
	if (count > 0) {
		snprintf(note, size, "%s: changed, but in force only after a restart", fixed);
		message_warning("%s", note);
	}
	message_info("the configuration was read again: %zu threshold%s, %zu poll%s",
		     wanted->thresholds.count, wanted->thresholds.count == 1 ? "" : "s",
		     wanted->polls.count, wanted->polls.count == 1 ? "" : "s");
	return 0;
}

int reload(const struct options *running, struct watch_book *book, char *note, size_t size)
{
	struct config *wanted;
	int result;

	message_keep(note, size);
	wanted = options_configure(running);
	message_keep(NULL, 0);
	if (wanted == NULL) {
		message_error("reload: nothing was changed");
		return -EINVAL;
	}
	result = apply(running->config, wanted, book, note, size);
	config_destroy(wanted);
	return result;
}
