/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "conn/conn_history.h"

// Tunnels seen from a connection: those that it runs in, and the one that it may be
// (spec-conn 4.6).

// Zeek's Tunnel::max_changes_per_connection.
#define CHANGES_MOST (CONN_PARENTS_MOST - 1)

static bool same_uid(struct uid a, struct uid b)
{
	return a.place[0] == b.place[0] && a.place[1] == b.place[1] && a.salt == b.salt;
}

static void add_parent(struct conn *conn, struct conn_extension *extension, struct uid parent)
{
	conn->end[CONN_ORIG].closer = conn->end[CONN_RESP].closer = 1;
	for (unsigned i = 0; i < extension->parents; i++) {
		if (same_uid(extension->parent[i], parent))
			return;
	}
	if (extension->parents < CONN_PARENTS_MOST)
		extension->parent[extension->parents++] = parent;
}

void conn_tunnel_start(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	struct conn_extension *extension = conn_extension_need(table, conn);

	if (extension == NULL)
		return;
	extension->stack = packet->stack;
	add_parent(conn, extension, packet->parent);
}

static void change(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	struct conn_extension *extension = conn_extension_get(table, conn);

	if (extension == NULL && packet->stack != 0)
		extension = conn_extension_need(table, conn);
	if (extension == NULL || extension->stack == packet->stack)
		return;
	extension->stack = packet->stack;
	if (extension->tunnel_changes == CHANGES_MOST) {
		conn_history_limit(table, conn);
		return;
	}
	extension->tunnel_changes++;
	conn_event(table, conn, CONN_EVENT_TUNNEL_CHANGED);
	if (packet->stack != 0)
		add_parent(conn, extension, packet->parent);
}

void conn_look_closer(struct conn_table *table, struct conn *conn, const struct packet *packet)
{
	const struct conn_watcher *watcher = table->settings.watcher;

	change(table, conn, packet);
	if (conn_cold(table, conn)->watched && watcher != NULL)
		watcher->packet(watcher->context, table, conn, packet);
}

// One bit for AYIYA and one for all others, which exclude each other by port or content.
static enum conn_flag refused_flag(enum packet_tunnel kind)
{
	return kind == PACKET_TUNNEL_AYIYA ? CONN_NO_AYIYA : CONN_NO_TUNNEL;
}

enum packet_tunnel conn_tunnel_carried(struct conn_table *table, struct conn *conn,
				       const struct packet *packet)
{
	const struct packet_tunnels *tunnels = table->settings.tunnels;
	enum packet_tunnel kind = packet_tunnel_of(tunnels, packet, conn_port(conn, CONN_RESP));

	if (kind == PACKET_TUNNEL_NONE || conn_flag(conn, refused_flag(kind)))
		return PACKET_TUNNEL_NONE;
	switch (packet_tunnel_check(tunnels, packet, kind)) {
	case PACKET_TUNNEL_OPEN:
		return kind;
	case PACKET_TUNNEL_CLOSED:
		break;
	case PACKET_TUNNEL_INVALID:
		conn_flag_set(conn, refused_flag(kind));
		break;
	case PACKET_TUNNEL_TOO_DEEP:
		// Zeek marks the connection only for tunnels that have one of their own.
		if (kind != PACKET_TUNNEL_GRE && kind != PACKET_TUNNEL_GTP)
			conn_history_limit(table, conn);
		break;
	}
	return PACKET_TUNNEL_NONE;
}
