/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "packet/packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Which connections are meant: libpcap's filter expressions (man pcap-filter), compiled once and run
// against a packet, mostly the one that creates a connection.
//
//     expression -> pcap_compile() -> program;      packet -> filter_prepare() -> frame;      filter_run(): bpf_filter()
//
// Programs are run by libpcap's interpreter, in some 40 ns, and not by DPDK's rte_bpf, which would
// make native code of them (11 ns): its compiler for x86 makes broken code of some programs, and a
// worker that runs these crashes. Seen with 22.11: BPF_JSET with a constant below 128 is written
// wrong (`tcp[13] & 2 != 0`), so are jumps back by 127 and 128 bytes, and when two rounds of laying
// the code out come to the same size, it is taken for final, whether or not the jumps are.
//
// What an expression sees is an Ethernet frame: the link addresses that the frame had, zeros where
// it had none; then the IP packet as it was captured. Of a packet in a tunnel that is the inner one.
// What else stood in front of IP (MPLS, PPPoE, the tunnel) is not there, and neither is padding
// behind it: `len` is 14, plus 4 for each VLAN tag, plus IP's length.
//
// VLAN tags: an expression without the word `vlan` sees the frame as if it had none, so that `host
// 10.0.0.1` means that host in every VLAN (tcpdump would not find it in tagged frames). One with
// that word sees the tags, and means what it means to tcpdump: `vlan 100 and host 10.0.0.1` is that
// host in VLAN 100, `not vlan` and `host 10.0.0.1 and not vlan` leave tagged frames out. There, too,
// each `vlan` in the expression makes all behind it look behind one tag more: for either of two
// VLANs write `vlan and (ether[14:2] & 0xfff = 100 or ether[14:2] & 0xfff = 200)`.

// One compiled expression. Immutable: any number of threads may use it at a time.
struct filter;

// Longer expressions are refused. libpcap's time grows with the third power of an expression's
// length: 300 ports joined by `or` (4 kB) take it ten seconds and more. From FILTER_OPTIMIZED_MOST
// bytes on its optimizer, which takes most of that, is left out, and the filter runs slower: they
// take two seconds then, and four times as many more than twenty.
#define FILTER_EXPRESSION_MOST 4096
#define FILTER_OPTIMIZED_MOST  1024

// Compiles; "" matches everything. NULL when that fails, and `why`, of `size` bytes, is a sentence
// that says what is wrong, in libpcap's words, and what would be right. It belongs to the caller,
// who gives it back with filter_destroy(). Control only, any thread of it: takes memory and time,
// and asks the name server where the expression has names of hosts.
struct filter *filter_create(const char *expression, char *why, size_t size);

// One more user, who has to call filter_destroy() too. Control only, any thread of it. Returns it.
struct filter *filter_share(struct filter *filter);

// Control only, any thread of it, when no worker uses it any more on behalf of the caller. NULL is
// nothing.
void filter_destroy(struct filter *filter);

// Can no packet match, as with `tcp and udp`? No error, but worth a warning. Any thread.
bool filter_matches_nothing(const struct filter *filter);

// Does the expression have the word `vlan`, so that it sees tags? Any thread.
bool filter_sees_tags(const struct filter *filter);

#define FILTER_LINK 14 // Ethernet's header
#define FILTER_TAG  4
// Of the IP packet, in one piece with the link header: all headers, as a rule.
#define FILTER_HEAD 160

// What filters look at; each worker has one. Written by filter_prepare(), private otherwise. The
// first bytes are copied, so that they have a link header in front and lie in one piece, as the
// interpreter wants. The rest stays where it is, and is copied only for programs that look so far.
//
//     frame[0] -> head[0]: | link 14 | IP, transport ... <= 160 |         then rest: as captured
//     frame[1] -> head[1]: | link 12 | tags 4 or 8 | type 2 | the same |  then the same rest
//                 (head[0] where there are no tags)
struct filter_view {
	const uint8_t *head;
	uint32_t head_length;
	uint32_t length; // of the whole frame on the wire
};

struct filter_scratch {
	struct filter_view frame[2]; // as if without tags, and with them
	const uint8_t *rest;
	uint32_t rest_length; // 0: the head is all there is
	uint8_t head[2][FILTER_LINK + 2 * FILTER_TAG + FILTER_HEAD];
};

// Lets filter_run() look at `packet`, whose frame must stay until then. Where the headers are not
// there any more (see packet_headers()), they are made up of what the packet knows: addresses,
// ports, flags, numbers, lengths. Worker only: no system call, no memory.
void filter_prepare(struct filter_scratch *scratch, const struct packet *packet);

// The same for a connection of which only the ends are known, such as in a listing: its originator's
// first packet is made up, for TCP a SYN, without payload and link addresses. `address[0]` and
// `port[0]` are the originator's; ports in host byte order, for ICMP as connections have them (type
// and code); `vlan` as in struct packet. Any thread, with a scratch of its own.
void filter_prepare_tuple(struct filter_scratch *scratch, const struct address address[2],
			  const uint16_t port[2], uint8_t protocol, const uint16_t vlan[2]);

// Does what was prepared match? Several filters may be asked one after the other. Worker, or
// whoever prepared.
bool filter_run(const struct filter *filter, const struct filter_scratch *scratch);

// Copies up to `most` bytes of the frame that was prepared, tags included; returns how many.
// `*length` is how long it is on the wire. Worker only.
size_t filter_frame(const struct filter_scratch *scratch, uint8_t *to, size_t most,
		    uint32_t *length);
