/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/uid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

// XTEA (Needham and Wheeler, 1997): a 64-bit block cipher of a dozen lines, plenty to make places
// look random.
#define XTEA_ROUNDS 32
#define XTEA_DELTA  0x9e3779b9u

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

// What 62 to the power of 10 is: ten digits from a 64-bit number at a time, so that the slow
// division by 128 bits happens once.
#define TEN_DIGITS UINT64_C(839299365868340224)

size_t uid_format(struct uid uid, char *text)
{
	static const char digit[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned __int128 value = (unsigned __int128)uid.salt << 64 | (uint64_t)uid.place[0] << 32 |
				  uid.place[1];
	uint64_t high = (uint64_t)(value / TEN_DIGITS);
	uint64_t low = (uint64_t)(value % TEN_DIGITS);
	char reversed[UID_TEXT_SIZE];
	size_t digits = 0;

	for (int i = 0; i < 10 && (high != 0 || low != 0 || i == 0); i++) {
		reversed[digits++] = digit[low % 62];
		low /= 62;
	}
	for (; high != 0; high /= 62)
		reversed[digits++] = digit[high % 62];
	text[0] = 'C';
	for (size_t i = 0; i < digits; i++)
		text[1 + i] = reversed[digits - 1 - i];
	return digits + 1;
}
