/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "conn/conn_internal.h"

// What the messages of a few protocols tell about their connection: who is the client (DNS, NTP),
// and that a limit was passed beyond which Zeek stops looking (the letter X, spec-conn 2.5). Only
// bytes that arrive in order are read, nothing is kept of them but a few numbers; after a hole,
// reading stops for that side.

// Does the server on this TCP port talk one of these protocols?
bool content_has_port(uint16_t port);

// Reads `length` bytes of the stream of `side`, the next in order. True when the roles were
// exchanged. Worker only.
bool content_read(struct conn_table *table, struct conn *conn, unsigned side, const uint8_t *data,
		  size_t length);

// content_dns.c: a whole DNS message, or at least its header; `length` is that of the message, of
// which `captured` bytes are at `data`. True when the roles were exchanged.
#define DNS_HEADER 12
bool content_dns_message(struct conn_table *table, struct conn *conn, unsigned side,
			 const uint8_t *data, size_t captured, size_t length);

// Readers of streams: each takes what is left of the stream, returns how much it used, and says in
// `result` what came out.
enum content_result { CONTENT_NOTHING, CONTENT_LIMIT, CONTENT_DONE, CONTENT_MESSAGE };

size_t content_dns_read(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result);
size_t content_mail_read(struct content_state *state, const uint8_t *data, size_t length,
			 enum content_result *result);
size_t content_smb_read(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result);
size_t content_ssh_read(struct content_state *state, const uint8_t *data, size_t length,
			enum content_result *result);
size_t content_line_read(struct content_state *state, const uint8_t *data, size_t length,
			 enum content_result *result);

// Collects the first `want` bytes of a message in state->head; returns how many of `length` it
// took.
size_t content_collect(struct content_state *state, size_t want, const uint8_t *data,
		       size_t length);
