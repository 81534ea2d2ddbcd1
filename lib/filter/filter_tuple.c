/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter.h"

// What listings ask filters about: the control side's, unlike filter_view.c, which is the workers'.

void filter_prepare_tuple(struct filter_scratch *scratch, const struct address address[2],
			  const uint16_t port[2], uint8_t protocol, const uint16_t vlan[2])
{
	struct packet packet = {
		.key = {.address = {address[0], address[1]},
			.port = {port[0], port[1]},
			.protocol = protocol},
		.vlan = {vlan[0], vlan[1]},
		.tcp_flags = PACKET_TCP_SYN,
	};
	uint16_t source, destination;

	if (protocol == PACKET_ICMP || protocol == PACKET_ICMPV6)
		packet.key.one_way = !packet_icmp_ports(protocol, (uint8_t)port[0],
							(uint8_t)port[1], &source, &destination);
	filter_prepare(scratch, &packet);
}
