/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "captures.h"

#include "base/message.h"
#include "dump/dump.h"
#include "watch/watch_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Packets that wait in a worker's ring: 16 MB at 2 KB each, touched when they are needed.
#define RING_PACKETS 8192

static void rule_name(void *context, uint32_t rule, char *name)
{
	snprintf(name, DUMP_RULE_SIZE, "%s", watch_name_text((uint16_t)rule));
}

static struct dump *create(const struct config *config, uint32_t workers, bool live,
			   const char *directory)
{
	struct dump_settings settings = {
		.directory = directory,
		.file_bytes = config->captures.size,
		.files = config->captures.maximum,
		.packet_bytes = config->captures.packet,
		.ring_packets = RING_PACKETS,
		.workers = workers,
		.wait = !live,
		.rule_name = rule_name,
	};

	return dump_create(&settings);
}

struct dump *captures_create(const struct config *config, uint32_t workers, bool live, bool now)
{
	struct dump *dump;
	char *directory;

	if (config->captures.directory[0] == '/')
		directory = strdup(config->captures.directory);
	else if (asprintf(&directory, "%s/%s", config->log.directory, config->captures.directory) <
		 0)
		directory = NULL;
	if (directory == NULL) {
		message_error("no memory for captures");
		return NULL;
	}
	dump = create(config, workers, live, directory);
	free(directory);
	if (dump == NULL || (now && dump_prepare(dump) < 0) || dump_start(dump) < 0) {
		dump_destroy(dump);
		return NULL;
	}
	return dump;
}
