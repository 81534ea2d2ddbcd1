/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "frame.h"

// flood FLOWS OUT.pcap SYNS [STEPS]: FLOWS connections shake hands, one after the other; then in
// each of STEPS steps (4) each of them has a packet, in random order, the client's and the server's
// taking turns, and with each 100 of these packets come SYNS of a flood: SYNs from random sources.
// Four million packets a second, the flood not counted. In the log each of the connections has 2 +
// STEPS / 2 packets of the client and 1 + STEPS / 2 of the server.

#define PAYLOAD 6

static struct tcp between(uint32_t flow, bool from_client)
{
	uint32_t client = 0x0a000000 + flow, server = 0xc0a80000 + flow % 16;
	uint16_t port = (uint16_t)(1024 + flow % 60000);

	return (struct tcp){
		.source = from_client ? client : server,
		.destination = from_client ? server : client,
		.source_port = from_client ? port : 443,
		.destination_port = from_client ? 443 : port,
	};
}

static void send_tcp(FILE *out, uint64_t *time, uint32_t flow, bool from_client, uint8_t flags,
		     uint32_t sequence, uint32_t acknowledgement, uint16_t payload)
{
	struct tcp tcp = between(flow, from_client);

	tcp.time = *time += 250;
	tcp.flags = flags;
	tcp.sequence = sequence;
	tcp.acknowledgement = acknowledgement;
	tcp.payload = payload;
	trace_write(out, &tcp);
}

static void send_syn(FILE *out, uint64_t time, uint64_t *state)
{
	uint64_t random = random_next(state);
	struct tcp tcp = {
		.time = time,
		// Not 10.x.x.x: no packet of the flood belongs to one of the connections.
		.source = 0x40000000 | (uint32_t)(random & 0x3fffffff),
		.destination = 0xc0a80000 + (uint32_t)(random >> 32) % 16,
		.source_port = (uint16_t)(random >> 48),
		.destination_port = 443,
		.sequence = (uint32_t)random,
		.flags = TCP_SYN,
	};

	trace_write(out, &tcp);
}

int main(int count, char **word)
{
	uint32_t flows = count > 3 ? (uint32_t)strtoul(word[1], NULL, 10) : 0, *order;
	uint64_t time = UINT64_C(1700000000000000000), state = 7;
	uint32_t syns = count > 3 ? (uint32_t)strtoul(word[3], NULL, 10) : 0, owed = 0;
	uint32_t steps = count > 4 ? (uint32_t)strtoul(word[4], NULL, 10) : 4;
	FILE *out;

	if (flows == 0 || flows > 0xfffff0 || steps % 2 != 0) {
		fprintf(stderr, "usage: flood FLOWS OUT.pcap SYNS [STEPS], up to 16777200 flows, "
				"an even number of steps\n");
		return 2;
	}
	order = shuffled(flows, 1);
	out = trace_create(word[2]);
	for (uint32_t i = 0; i < flows; i++) {
		send_tcp(out, &time, i, true, TCP_SYN, 1000, 0, 0);
		send_tcp(out, &time, i, false, TCP_SYN | TCP_ACK, 5000, 1001, 0);
		send_tcp(out, &time, i, true, TCP_ACK, 1001, 5001, 0);
	}
	for (uint32_t step = 0; step < steps; step++) {
		bool from_client = step % 2 == 0;
		uint32_t client = 1001 + (step + 1) / 2 * PAYLOAD;
		uint32_t server = 5001 + step / 2 * PAYLOAD;

		for (uint32_t i = 0; i < flows; i++) {
			send_tcp(out, &time, order[i], from_client, TCP_ACK | TCP_PSH,
				 from_client ? client : server, from_client ? server : client,
				 PAYLOAD);
			for (owed += syns; owed >= 100; owed -= 100)
				send_syn(out, time, &state);
		}
	}
	trace_close(out, word[2]);
	free(order);
	return 0;
}
