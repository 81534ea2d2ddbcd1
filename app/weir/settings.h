/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "capture/port.h"
#include "capture/reader.h"
#include "capture/replay.h"
#include "conn/conn_settings.h"
#include "log/log_options.h"
#include "options.h"

// The configuration, in the words of each part of weir. What they point to belongs to the
// configuration.

void settings_log(const struct config *config, bool live, struct log_options *log);

// Which optional columns conn.log has, as in log_options. Returns 0 or -EINVAL with a message.
int settings_columns(const struct config *config, uint32_t *columns);
void settings_ports(const struct options *options, struct port_settings *ports);
// Fills `tunnels`; returns it, or NULL when no tunnel is to be opened.
const struct packet_tunnels *settings_tunnels(const struct config *config,
					      struct packet_tunnels *tunnels);
void settings_reader(const struct options *options, const struct conn_settings *conn,
		     struct reader_settings *reader);

void settings_replay(const struct options *options, struct replay_settings *replay);

// Which events are wanted, as in conn_settings. Returns 0 or a negative errno with a message.
int settings_events(const struct config *config, uint32_t *events);

// Draws the secrets of this run. Returns 0 or a negative errno with a message.
int settings_conn(const struct options *options, uint32_t workers, struct conn_settings *conn);
