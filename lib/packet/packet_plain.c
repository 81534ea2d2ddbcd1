/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "packet/packet_plain.h"

#include "packet/checksum.h"

// The pseudo header's addresses stand right before an IPv4 or IPv6 message without options. Not
// inline: a poll loop that verifies nothing has better use for its registers.
__attribute__((noinline)) bool packet_plain_verified(const uint8_t *transport, bool v6,
						     uint8_t protocol, uint32_t length)
{
	size_t addresses = v6 ? 32 : 8;
	uint64_t sum = (uint64_t)__builtin_bswap16((uint16_t)length) + ((uint64_t)protocol << 8);

	if (!v6 && checksum_fold(checksum_bytes(0, transport - PLAIN_IPV4, PLAIN_IPV4)) != 0xffff)
		return false;
	// IPv6 without one is for the general way.
	if (protocol == PACKET_UDP && transport[6] == 0 && transport[7] == 0)
		return !v6;
	return checksum_fold(checksum_bytes(sum, transport - addresses, addresses + length)) ==
	       0xffff;
}
