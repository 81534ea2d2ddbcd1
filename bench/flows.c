/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "frame.h"

// flows FLOWS OUT.pcap: one TCP packet for each of FLOWS connections, in random order, 64 bytes
// with the frame's checksum: 6 bytes of payload and the ACK flag. Read over and over, this is FLOWS
// connections that live at the same time.
//
// flows FLOWS OUT.pcap standing: the same connections twice, in different orders. Who plays the
// first half once and then only the second (replay.opening) meets them in another order than the
// one in which they began, and so in which they lie in memory.
//
// flows FLOWS OUT.pcap lives: the same for connections that begin and end: SYN, SYN-ACK, ACK, FIN,
// FIN, ACK each.
//
// flows FLOWS OUT.pcap expire: the same as the first, all within a second. They time out a minute
// later; 10 seconds before that and while they do, other connections have packets, one after the
// other in random order.

#define SECOND      UINT64_C(1000000000)
#define START       (1700000000 * SECOND)
#define OTHERS      65536
#define FIRST_OTHER (MOST - OTHERS)
#define MOST        0xfffff0

static struct tcp packet_of(uint32_t flow)
{
	// Clients 10.a.b.c, 16 servers 192.168.0.x.
	return (struct tcp){
		.source = 0x0a000000 + flow / 4,
		.destination = 0xc0a80000 + flow % 16,
		.source_port = (uint16_t)(1024 + flow % 60000),
		.destination_port = 9999,
		.sequence = 1000,
		.acknowledgement = 2000,
		.flags = TCP_ACK,
		.payload = 6,
	};
}

static void write_flows(FILE *out, const uint32_t *order, uint32_t count, uint64_t start)
{
	for (uint32_t i = 0; i < count; i++) {
		struct tcp tcp = packet_of(order[i]);

		tcp.time = start + i * SECOND / count;
		trace_write(out, &tcp);
	}
}

// The others while those time out: a packet each 10 ms by one of them at first, where nothing
// happens; from the 50th second each 16 us by any of them, and from shortly before the first times
// out each 4 us.
static void write_time(FILE *out)
{
	uint32_t *order = shuffled(OTHERS, 1);
	uint64_t time = SECOND;

	for (uint32_t i = 0; time < 63 * SECOND; i++) {
		struct tcp tcp = packet_of(FIRST_OTHER);

		if (time >= 50 * SECOND)
			tcp = packet_of(FIRST_OTHER + order[i % OTHERS]);
		time += time < 50 * SECOND ? 10000000 : time < 59 * SECOND ? 16000 : 4000;
		tcp.time = START + time;
		trace_write(out, &tcp);
	}
	free(order);
}

static void write_life(FILE *out, uint32_t flow, int step)
{
	static const uint8_t flags[] = {TCP_SYN,           TCP_SYN | TCP_ACK, TCP_ACK,
					TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_ACK};
	static const uint8_t sender[] = {0, 1, 0, 0, 1, 0};
	static const uint8_t client[] = {0, 1, 1, 1, 2, 2}, server[] = {0, 0, 1, 1, 1, 2};
	struct tcp tcp = packet_of(flow);
	uint32_t next[2] = {1000 + client[step], 5000 + server[step]};
	unsigned from = sender[step];

	tcp.payload = 0;
	tcp.flags = flags[step];
	tcp.sequence = next[from];
	tcp.acknowledgement = step == 0 ? 0 : next[from ^ 1];
	if (from == 1) {
		struct tcp other = tcp;

		tcp.source = other.destination;
		tcp.destination = other.source;
		tcp.source_port = other.destination_port;
		tcp.destination_port = other.source_port;
	}
	// A step of all connections each 100 ms.
	tcp.time = START + (uint64_t)step * 100000000 + flow;
	trace_write(out, &tcp);
}

int main(int count, char **word)
{
	uint32_t flows = count > 2 ? (uint32_t)strtoul(word[1], NULL, 10) : 0, *order;
	const char *kind = count > 3 ? word[3] : "";
	FILE *out;

	if (flows == 0 || flows > MOST) {
		fprintf(stderr, "usage: flows FLOWS OUT.pcap [standing|lives|expire], up to "
				"16777200 flows\n");
		return 2;
	}
	if (kind[0] != '\0' && strcmp(kind, "standing") != 0 && strcmp(kind, "lives") != 0 &&
	    strcmp(kind, "expire") != 0) {
		fprintf(stderr, "flows: '%s' is none of standing, lives, expire\n", kind);
		return 2;
	}
	order = shuffled(flows, 1);
	out = trace_create(word[2]);
	if (strcmp(kind, "lives") == 0) {
		for (int step = 0; step < 6; step++)
			for (uint32_t i = 0; i < flows; i++)
				write_life(out, order[i], step);
	} else {
		write_flows(out, order, flows, START);
	}
	if (strcmp(kind, "standing") == 0) {
		free(order);
		order = shuffled(flows, UINT64_C(0x2545f4914f6cdd1d));
		write_flows(out, order, flows, START + SECOND);
	}
	if (strcmp(kind, "expire") == 0)
		write_time(out);
	trace_close(out, word[2]);
	free(order);
	return 0;
}
