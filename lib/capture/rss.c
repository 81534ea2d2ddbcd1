/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/rss.h"

#include "base/bytes.h"

const uint8_t rss_key[RSS_KEY_SIZE] = {
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
	0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
};

// The hash of a 16-bit word whose upper or lower byte is the index.
static uint32_t high_byte[256], low_byte[256];

uint8_t rss_entry[RSS_ENTRIES];

static uint32_t word_hash(uint16_t word)
{
	const uint32_t key = 0x6d5a6d5a;
	uint32_t hash = 0;

	for (unsigned bit = 0; bit < 16; bit++) {
		if (word & 0x8000 >> bit)
			hash ^= bit == 0 ? key : key << bit | key >> (32 - bit);
	}
	return hash;
}

void rss_prepare(uint32_t workers)
{
	for (uint32_t i = 0; i < RSS_ENTRIES; i++)
		rss_entry[i] = (uint8_t)(i % workers);
	for (unsigned byte = 0; byte < 256; byte++) {
		high_byte[byte] = word_hash((uint16_t)(byte << 8));
		low_byte[byte] = word_hash((uint16_t)byte);
	}
}

uint32_t rss_hash(const struct packet_key *key)
{
	bool v4 = address_is_v4(&key->address[0]);
	uint64_t fold;
	uint16_t word;

	if (v4)
		fold = bytes_host32(key->address[0].byte + 12) ^
		       bytes_host32(key->address[1].byte + 12);
	else
		fold = bytes_host64(key->address[0].byte) ^ bytes_host64(key->address[0].byte + 8) ^
		       bytes_host64(key->address[1].byte) ^ bytes_host64(key->address[1].byte + 8);
	fold ^= fold >> 32;
	fold ^= fold >> 16;
	word = (uint16_t)fold;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap16(word);
#endif
	if (key->protocol == PACKET_TCP || key->protocol == PACKET_UDP)
		word ^= key->port[0] ^ key->port[1];
	return high_byte[word >> 8] ^ low_byte[word & 0xff];
}
