/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct filter;

// What the command line asks for. The lists point into argv.
struct options {
	const char **traces;
	uint32_t trace_count;
	const char **devices;
	uint32_t device_count;
	bool check; // --check
	struct config *config;
	struct filter **filter;            // of the configuration's rules, see rules.h
	struct options_settings *settings; // what the configuration was made of; private
};

enum options_result { OPTIONS_RUN, OPTIONS_EXIT, OPTIONS_WRONG };

// Reads the command line, and the configuration that it names. OPTIONS_EXIT after --help and the
// like, OPTIONS_WRONG after a message. The caller frees with options_free() in any case.
enum options_result options_read(struct options *options, int argc, char **argv);

// Reads the configuration again, with what the command line sets: another snapshot, which the caller
// frees with config_destroy(); its filters are not looked at. NULL after messages. Control side.
struct config *options_configure(const struct options *options);

void options_free(struct options *options);
