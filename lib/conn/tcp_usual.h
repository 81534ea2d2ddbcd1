/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_internal.h"

// Tracks the packet if it is one of those with which nearly every TCP connection begins or ends, in
// the way it should be; false when it is not, and nothing was changed: then tcp_track() does it. A
// unit test sends packets of all kinds both ways and compares.
bool tcp_usual_track(struct conn_table *table, struct conn *conn, const struct packet *packet);
