/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "options.h"
#include "run.h"

#include <fcntl.h>
#include <unistd.h>

// A log must not get the number of a standard stream that was closed: messages would end up in it.
static void open_standard_streams(void)
{
	int descriptor;

	do {
		descriptor = open("/dev/null", O_RDWR);
	} while (descriptor >= 0 && descriptor <= STDERR_FILENO);
	if (descriptor >= 0)
		close(descriptor);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	int status = 2;

	open_standard_streams();
	switch (options_read(&options, argc, argv)) {
	case OPTIONS_RUN:
		status = run(&options);
		break;
	case OPTIONS_EXIT:
		status = 0;
		break;
	case OPTIONS_WRONG:
		break;
	}
	options_free(&options);
	return status;
}
