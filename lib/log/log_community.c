/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_conn_internal.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

// Community ID, version 1 (github.com/corelight/community-id-spec): a name for a connection that
// every tool computes alike, whichever direction it saw first. ICMP types stand for ports, those of
// request and reply as a pair; other protocols have none, except that Zeek counts SCTP's as 0.

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6 || protocol == IPPROTO_SCTP;
}

// Which side comes first: the lower address, then the lower port; one-way ICMP keeps its direction.
static unsigned first_side(const struct conn_summary *summary)
{
	int order = memcmp(&summary->address[CONN_ORIG], &summary->address[CONN_RESP],
			   sizeof(struct address));

	if (summary->one_way || order < 0)
		return CONN_ORIG;
	if (order > 0)
		return CONN_RESP;
	return summary->port[CONN_ORIG] < summary->port[CONN_RESP] ? CONN_ORIG : CONN_RESP;
}

static uint8_t *add_be16(uint8_t *at, uint16_t value)
{
	*at++ = (uint8_t)(value >> 8);
	*at++ = (uint8_t)value;
	return at;
}

static uint8_t *add_address(uint8_t *at, const struct address *address)
{
	size_t skip = address_is_v4(address) ? 12 : 0;

	memcpy(at, address->byte + skip, sizeof(address->byte) - skip);
	return at + sizeof(address->byte) - skip;
}

size_t log_community_id(const struct conn_summary *summary, uint16_t seed, char *text)
{
	unsigned first = first_side(summary);
	uint8_t input[2 + 2 * sizeof(struct address) + 2 + 4], digest[SHA_DIGEST_LENGTH];
	unsigned char encoded[LOG_COMMUNITY_SIZE];
	uint8_t *at = add_be16(input, seed);
	int length;

	at = add_address(at, &summary->address[first]);
	at = add_address(at, &summary->address[first ^ 1]);
	*at++ = summary->protocol;
	*at++ = 0;
	if (has_ports(summary->protocol)) {
		at = add_be16(at, summary->port[first]);
		at = add_be16(at, summary->port[first ^ 1]);
	}
	SHA1(input, (size_t)(at - input), digest);
	length = EVP_EncodeBlock(encoded, digest, sizeof(digest));
	memcpy(text, "1:", 2);
	memcpy(text + 2, encoded, (size_t)length);
	return (size_t)length + 2;
}
