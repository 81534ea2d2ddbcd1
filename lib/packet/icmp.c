/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_internal.h"

// Types that come as request and reply; each names its partner plus one, so that 0 means none. Zeek
// logs the two as one connection, with the types in place of ports.
#define PAIR(a, b) [a] = (b) + 1, [b] = (a) + 1

static const uint16_t icmp_partner[256] = {
	PAIR(8, 0),   // echo
	PAIR(13, 14), // timestamp
	PAIR(15, 16), // information
	PAIR(10, 9),  // router solicitation, advertisement
	PAIR(17, 18), // address mask
};

static const uint16_t icmpv6_partner[256] = {
	PAIR(128, 129), // echo
	PAIR(133, 134), // router solicitation, advertisement
	PAIR(135, 136), // neighbour solicitation, advertisement
	PAIR(130, 131), // multicast listener query, report
	PAIR(139, 140), // node information
	PAIR(144, 145), // home agent discovery
};

bool packet_icmp_ports(uint8_t protocol, uint8_t type, uint8_t code, uint16_t *source,
		       uint16_t *destination)
{
	uint16_t partner = protocol == PACKET_ICMP ? icmp_partner[type] : icmpv6_partner[type];

	*source = type;
	*destination = partner != 0 ? (uint16_t)(partner - 1) : code;
	return partner != 0;
}
