/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "control/control_internal.h"

#include <signal.h>

static volatile sig_atomic_t caught[NSIG];

static void note(int signal)
{
	caught[signal] = 1;
}

void control_catch_signals(void)
{
	static const int wanted[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaction(wanted[i], &action, NULL);
	// A log on a full quota and a closed terminal are told by errno.
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
}

bool control_signalled(int signal)
{
	if (!caught[signal])
		return false;
	caught[signal] = 0;
	return true;
}
