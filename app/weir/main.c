/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "options.h"
#include "run.h"

#include "base/standard.h"

int main(int argc, char **argv)
{
	struct options options = {0};
	int status = 2;

	standard_streams_open();
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
