/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn.h"

// Payload of a UDP or ICMP endpoint in bytes; below zero when it sent nothing that counts.
int64_t datagram_payload(const struct conn_endpoint *end);

// Both endpoints of a new connection have sent nothing yet.
void datagram_start(struct conn *conn);
