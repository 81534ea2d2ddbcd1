/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// closing: how connections came to their end, as an example of removal hooks.
//
//   [plugin closing]
//   path = closing.so
//
// It adds to the column `notes` of conn.log ([log] columns = notes), for each connection that was
// established:
//
//   closed_by=orig      the side that opened the connection was the first to close it (FIN),
//   closed_by=resp      or the other one was,
//   closed_by=reset     or one of them reset it (RST) before anybody closed it,
//   closed_by=nobody    or none of this was seen: it went silent, or weir was stopped;
//   silent=12.345       with closed_by=nobody: for how many seconds nothing had come when it ended.
//
// The second hook is there for connections of which nobody closed anything yet, and is taken out
// when somebody does: most connections end before it could run.

#include "weir/plugin.h"

#include <stdio.h>
#include <string.h>

// In the column history, upper case is the originator's and lower case the responder's.
static const char *closed_by(const char *history)
{
	switch (history[strcspn(history, "FfRr")]) {
	case 'F':
		return "orig";
	case 'f':
		return "resp";
	case 'R':
	case 'r':
		return "reset";
	default:
		return "nobody";
	}
}

static void note_closing(struct weir_conn *conn)
{
	struct weir_conn_info info;

	weir_conn_get(conn, &info, sizeof(info));
	weir_conn_note(conn, "closed_by", closed_by(info.history));
}

static void note_silence(struct weir_conn *conn)
{
	uint64_t now = weir_conn_now(conn), last = weir_conn_last(conn);
	uint64_t milliseconds = now > last ? (now - last) / 1000000 : 0;
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(milliseconds / 1000),
		 (unsigned long long)(milliseconds % 1000));
	weir_conn_note(conn, "silent", text);
}

static void on_event(struct weir_conn *conn, enum weir_event event, enum weir_side side,
		     uint64_t value)
{
	switch (event) {
	case WEIR_CONNECTION_ESTABLISHED:
		weir_conn_hook(conn, note_closing);
		weir_conn_hook(conn, note_silence);
		break;
	case WEIR_CONNECTION_EOF:
		// Of no effect the second time, and where there is none.
		weir_conn_unhook(conn, note_silence);
		break;
	default:
		break;
	}
}

const struct weir_plugin weir_plugin = {
	.version = WEIR_PLUGIN_VERSION,
	.size = sizeof(struct weir_plugin),
	.name = "closing 1.0",
	.events = WEIR_CONNECTION_ESTABLISHED | WEIR_CONNECTION_EOF,
	.event = on_event,
};
