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

// OpenSSL 3 looks an algorithm up by its name each time that it is asked for one, which takes three
// times as long as the sum itself: the thread that writes lines keeps it. NULL when there is none.
static EVP_MD_CTX *sha1_context(void)
{
	static _Thread_local EVP_MD_CTX *context;
	EVP_MD *sha1;

	if (__builtin_expect(context != NULL, 1))
		return context;
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	context = EVP_MD_CTX_new();
	if (sha1 == NULL || context == NULL || EVP_DigestInit_ex2(context, sha1, NULL) != 1) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	EVP_MD_free(sha1);
	return context;
}

static bool sum(const uint8_t *input, size_t length, uint8_t digest[SHA_DIGEST_LENGTH])
{
	EVP_MD_CTX *context = sha1_context();

	return context != NULL && EVP_DigestInit_ex2(context, NULL, NULL) == 1 &&
	       EVP_DigestUpdate(context, input, length) == 1 &&
	       EVP_DigestFinal_ex(context, digest, NULL) == 1;
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
	if (!sum(input, (size_t)(at - input), digest))
		return 0;
	length = EVP_EncodeBlock(encoded, digest, sizeof(digest));
	memcpy(text, "1:", 2);
	memcpy(text + 2, encoded, (size_t)length);
	return (size_t)length + 2;
}
