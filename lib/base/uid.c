/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "base/uid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

// A place is hidden by a Feistel network of four rounds (Luby and Rackoff, 1988): whoever has the
// key gets back from the name to the place. Its rounds are one multiplication each, because a name
// is made for every connection: enough to make places look random, no more is asked of it.
#define ROUNDS 4

static uint32_t mix(uint32_t half, uint32_t key)
{
	return (uint32_t)((half ^ key) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

int uid_key_random(struct uid_key *key)
{
	ssize_t got = getrandom(key, sizeof(*key), 0);

	return got == (ssize_t)sizeof(*key) ? 0 : got < 0 ? -errno : -EIO;
}

struct uid uid_make(const struct uid_key *key, uint8_t worker, uint32_t slot, uint32_t generation)
{
	uint32_t half[2] = {slot, (uint32_t)worker << 24 | (generation & 0xffffff)};

	for (int i = 0; i < ROUNDS; i++)
		half[i & 1] ^= mix(half[~i & 1], key->key[i]);
	return (struct uid){.salt = key->salt, .place = {half[0], half[1]}};
}

void uid_open(const struct uid_key *key, struct uid uid, uint8_t *worker, uint32_t *slot,
	      uint32_t *generation)
{
	uint32_t half[2] = {uid.place[0], uid.place[1]};

	for (int i = ROUNDS - 1; i >= 0; i--)
		half[i & 1] ^= mix(half[~i & 1], key->key[i]);
	*worker = (uint8_t)(half[1] >> 24);
	*slot = half[0];
	*generation = half[1] & 0xffffff;
}

// Powers of 62.
#define TWO_DIGITS   3844
#define FOUR_DIGITS  14776336
#define FIVE_DIGITS  916132832
#define SIX_DIGITS   UINT64_C(56800235584)
#define EIGHT_DIGITS UINT64_C(218340105584896)
#define TEN_DIGITS   UINT64_C(839299365868340224)

// 2 to the power of 123 over TEN_DIGITS.
#define TEN_DIGITS_INVERSE UINT64_C(12669882045338564946)

// "00" to "zz": halves the divisions.
// clang-format off
#define ROW(d)                                                                                     \
	d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d "A" d "B" d "C" d "D"        \
	d "E" d "F" d "G" d "H" d "I" d "J" d "K" d "L" d "M" d "N" d "O" d "P" d "Q" d "R"        \
	d "S" d "T" d "U" d "V" d "W" d "X" d "Y" d "Z" d "a" d "b" d "c" d "d" d "e" d "f"        \
	d "g" d "h" d "i" d "j" d "k" d "l" d "m" d "n" d "o" d "p" d "q" d "r" d "s" d "t"        \
	d "u" d "v" d "w" d "x" d "y" d "z"
static const char pairs[] =
	ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7") ROW("8") ROW("9")
	ROW("A") ROW("B") ROW("C") ROW("D") ROW("E") ROW("F") ROW("G") ROW("H") ROW("I") ROW("J")
	ROW("K") ROW("L") ROW("M") ROW("N") ROW("O") ROW("P") ROW("Q") ROW("R") ROW("S") ROW("T")
	ROW("U") ROW("V") ROW("W") ROW("X") ROW("Y") ROW("Z") ROW("a") ROW("b") ROW("c") ROW("d")
	ROW("e") ROW("f") ROW("g") ROW("h") ROW("i") ROW("j") ROW("k") ROW("l") ROW("m") ROW("n")
	ROW("o") ROW("p") ROW("q") ROW("r") ROW("s") ROW("t") ROW("u") ROW("v") ROW("w") ROW("x")
	ROW("y") ROW("z");
// clang-format on

static void write_two(char *text, uint64_t value)
{
	memcpy(text, pairs + 2 * value, 2);
}

static void write_four(char *text, uint64_t value)
{
	write_two(text, value / TWO_DIGITS);
	write_two(text + 2, value % TWO_DIGITS);
}

// Sixteen digits with leading zeros: six are the value of `high`, ten that of `low`.
static void write_sixteen(char *text, uint64_t high, uint64_t low)
{
	write_two(text, high / FOUR_DIGITS);
	write_four(text + 2, high % FOUR_DIGITS);
	write_two(text + 6, low / EIGHT_DIGITS);
	low %= EIGHT_DIGITS;
	write_four(text + 8, low / FOUR_DIGITS);
	write_four(text + 12, low % FOUR_DIGITS);
}

size_t uid_format(struct uid uid, char *text)
{
	uint64_t top = (uint64_t)uid.salt << 32 | uid.place[0];
	uint64_t bottom = (uint64_t)uid.place[0] << 32 | uid.place[1];
	// All 96 bits over TEN_DIGITS, or one less: of what is left out, the lowest 32 bits are
	// worth less than 2^-27 here, and so is what was cut off the inverse.
	uint64_t high = (uint64_t)((unsigned __int128)top * TEN_DIGITS_INVERSE >> 91);
	uint64_t low = bottom - high * TEN_DIGITS;
	char *at = text;
	size_t zeros = 0;

	if (low >= TEN_DIGITS) {
		low -= TEN_DIGITS;
		high++;
	}
	*at++ = 'C';
	if (high >= SIX_DIGITS) {
		// 2^96 is less than twice this, so the seventeenth digit can only be 1.
		*at++ = '1';
		high -= SIX_DIGITS;
		write_sixteen(at, high, low);
		return UID_TEXT_SIZE;
	}
	write_sixteen(at, high, low);
	if (__builtin_expect(high >= FIVE_DIGITS, 1))
		return UID_TEXT_SIZE - 1;
	// One salt out of a hundred is so low.
	while (zeros < 15 && at[zeros] == '0')
		zeros++;
	memmove(at, at + zeros, 16 - zeros);
	return UID_TEXT_SIZE - 1 - zeros;
}

// The value of a digit of base 62, as in `pairs`; 62 for what is none.
static unsigned digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return (unsigned)(digit - '0');
	if (digit >= 'A' && digit <= 'Z')
		return (unsigned)(digit - 'A') + 10;
	if (digit >= 'a' && digit <= 'z')
		return (unsigned)(digit - 'a') + 36;
	return 62;
}

int uid_parse(const char *text, size_t length, struct uid *uid)
{
	unsigned __int128 number = 0;

	// Seventeen digits stay below 2^102, so that nothing is lost before the check.
	if (length < 2 || length > UID_TEXT_SIZE || text[0] != 'C')
		return -EINVAL;
	for (size_t i = 1; i < length; i++) {
		unsigned value = digit_value(text[i]);

		if (value > 61)
			return -EINVAL;
		number = number * 62 + value;
	}
	if (number >> 96 != 0)
		return -EINVAL;
	*uid = (struct uid){.salt = (uint32_t)(number >> 64),
			    .place = {(uint32_t)(number >> 32), (uint32_t)number}};
	return 0;
}
