/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/uid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

// XTEA (Needham and Wheeler, 1997): a 64-bit block cipher of a dozen lines, plenty to make places look random.
#define XTEA_ROUNDS 32
#define XTEA_DELTA 0x9e3779b9u

int uid_key_random(struct uid_key *key)
{
	ssize_t got = getrandom(key, sizeof(*key), 0);

	return got == (ssize_t)sizeof(*key) ? 0 : got < 0 ? -errno : -EIO;
}

struct uid uid_make(const struct uid_key *key, uint8_t worker, uint32_t slot, uint32_t generation)
{
	uint32_t a = slot, b = (uint32_t)worker << 24 | (generation & 0xffffff), sum = 0;

	for (int i = 0; i < XTEA_ROUNDS; i++) {
		a += (((b << 4) ^ (b >> 5)) + b) ^ (sum + key->key[sum & 3]);
		sum += XTEA_DELTA;
		b += (((a << 4) ^ (a >> 5)) + a) ^ (sum + key->key[sum >> 11 & 3]);
	}
	return (struct uid){.salt = key->salt, .place = {a, b}};
}

void uid_open(const struct uid_key *key, struct uid uid, uint8_t *worker, uint32_t *slot,
	      uint32_t *generation)
{
	uint32_t a = uid.place[0], b = uid.place[1], sum = XTEA_DELTA * XTEA_ROUNDS;

	for (int i = 0; i < XTEA_ROUNDS; i++) {
		b -= (((a << 4) ^ (a >> 5)) + a) ^ (sum + key->key[sum >> 11 & 3]);
		sum -= XTEA_DELTA;
		a -= (((b << 4) ^ (b >> 5)) + b) ^ (sum + key->key[sum & 3]);
	}
	*worker = (uint8_t)(b >> 24);
	*slot = a;
	*generation = b & 0xffffff;
}

size_t uid_format(struct uid uid, char *text)
{
	static const char digit[62] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned __int128 value = (unsigned __int128)uid.salt << 64 |
				  (uint64_t)uid.place[0] << 32 | uid.place[1];
	char reversed[UID_TEXT_SIZE];
	size_t digits = 0;

	do {
		reversed[digits++] = digit[(unsigned)(value % 62)];
		value /= 62;
	} while (value != 0);
	text[0] = 'C';
	for (size_t i = 0; i < digits; i++)
		text[1 + i] = reversed[digits - 1 - i];
	return digits + 1;
}
