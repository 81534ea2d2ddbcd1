/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stddef.h>
#include <stdint.h>

// The name of a connection: 96 bits that look random, written "C" and base 62 as Zeek does.
//
//     | salt, the same for one run, 32 bits | place, 64 bits: worker 8, slot 32, generation 24, enciphered |
//
// The place is enciphered rather than hashed, so that whoever holds the key finds the worker and
// the slot of a connection from its uid alone.
struct uid {
	uint32_t salt;
	uint32_t place[2];
};

struct uid_key {
	uint32_t salt;
	uint32_t key[4];
};

// "C" and at most 17 digits.
#define UID_TEXT_SIZE 18

// Fills `key` from the kernel's random numbers. Returns 0 or a negative errno. Start-up only.
int uid_key_random(struct uid_key *key);

// Names the connection that lives in `slot` of `worker` for the `generation`th time. Any thread.
struct uid uid_make(const struct uid_key *key, uint8_t worker, uint32_t slot, uint32_t generation);

// The inverse of uid_make(). Any thread.
void uid_open(const struct uid_key *key, struct uid uid, uint8_t *worker, uint32_t *slot,
	      uint32_t *generation);

// Writes the text form without a terminating NUL; `text` has room for UID_TEXT_SIZE bytes. Returns
// its length.
size_t uid_format(struct uid uid, char *text);

// The opposite of uid_format(): reads `length` bytes. Returns 0, or -EINVAL when they are no uid: a
// letter other than "C", no digit or too many, anything but letters and digits, or more than 96
// bits. Leading zeros are accepted.
int uid_parse(const char *text, size_t length, struct uid *uid);
