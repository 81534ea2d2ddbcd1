/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "base/address.h"
#include "base/uid.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A frame as it was captured.
struct packet_frame {
	const uint8_t *data;
	uint32_t captured; // bytes at `data`
	uint32_t length;   // bytes on the wire
	uint64_t time;     // ns since 1970
	uint32_t link;     // enum packet_link, or any other number of pcap's list of link types
};

// Link types by their number in trace files. Any other is taken for raw IP, as Zeek does.
enum packet_link {
	PACKET_LINK_NULL = 0,
	PACKET_LINK_ETHERNET = 1,
	PACKET_LINK_PPP = 9,
	PACKET_LINK_FDDI = 10,
	PACKET_LINK_PPP_SERIAL = 50,
	PACKET_LINK_RAW = 101,
	PACKET_LINK_WIRELESS = 105, // 802.11
	PACKET_LINK_LOOP = 108,
	PACKET_LINK_COOKED = 113,
	PACKET_LINK_RADIOTAP = 127, // what the radio noted, then 802.11
	PACKET_LINK_NFLOG = 239,
	PACKET_LINK_COOKED2 = 276,
};

// What became of a frame. Every received frame gets exactly one verdict, so that the counts add up.
enum packet_verdict {
	PACKET_TRACK,            // belongs to a connection
	PACKET_NOT_IP,           // ARP, LLDP, spanning tree, ...
	PACKET_FRAGMENT,         // kept until the rest of its datagram arrives
	PACKET_FRAGMENT_REFUSED, // cannot be part of a datagram, or is a later piece that was cut
	PACKET_BAD_LINK,         // link header cut short or inconsistent
	PACKET_BAD_IP_HEADER,    // version or header length wrong, or header cut
	PACKET_BAD_IP_LENGTH,    // total length 0, or longer than the frame was on the wire
	PACKET_BAD_IP_CHECKSUM,
	PACKET_BAD_EXTENSION, // IPv6 extension header cut or inconsistent
	PACKET_BAD_TRANSPORT, // TCP, UDP or ICMP header does not fit
	PACKET_BAD_TUNNEL,    // a tunnel inside IP whose header or length does not fit, or one
	// tunnel too many
	PACKET_NO_CONNECTION, // IP, but of a kind that makes no connection: IPv6 ESP, ...
	PACKET_VERDICT_COUNT
};

// Short name of a verdict for counters ("tracked", "not_ip", ...). Any thread.
const char *packet_verdict_name(enum packet_verdict verdict);

// What is known about the transport header of a tracked packet.
enum packet_transport {
	PACKET_TRANSPORT_OK,
	PACKET_TRANSPORT_BAD_CHECKSUM,
	PACKET_TRANSPORT_SHORT_HEADER, // TCP data offset below 5 words
	PACKET_TRANSPORT_LONG_HEADER,  // TCP header longer than the datagram or than what was
				       // captured
};

enum packet_tcp_flag {
	PACKET_TCP_FIN = 0x01,
	PACKET_TCP_SYN = 0x02,
	PACKET_TCP_RST = 0x04,
	PACKET_TCP_ACK = 0x10,
};

enum packet_protocol {
	PACKET_ICMP = 1,
	PACKET_IPV4 = 4,
	PACKET_TCP = 6,
	PACKET_UDP = 17,
	PACKET_IPV6 = 41,
	PACKET_GRE = 47,
	PACKET_ICMPV6 = 58,
};

// Who talks to whom, the same for both directions: the end with the lower address (then the lower
// port) is end 0. One-way ICMP is the exception: there end 0 is always the sender, and the reverse
// direction is another key. Every byte up to `flags` counts in a comparison; `flags` is 0 in a
// packet and left to the connection record in a record, where it fills what would be a hole in the
// first cache line.
struct packet_key {
	struct address address[2];
	uint16_t port[2]; // host byte order
	uint8_t protocol;
	uint8_t one_way;
	uint16_t flags;
};

static_assert(sizeof(struct packet_key) == 40, "a key is compared as five words");
static_assert(offsetof(struct packet_key, flags) == 38, "the flags are the last two bytes");

// Where a packet has no VLAN tag.
#define PACKET_NO_VLAN 0xffff

// A decoded packet: everything that a connection wants to know about it. Filled by packet_decode(),
// read by whoever owns the connection.
//
//   line 0: | time 8 | hash 8 | key 40 | payload 8 |
//   line 1: | numbers, lengths, flags | tunnel: stack 8, parent 12, depth 1 | link addresses 12, tags 4 |
struct packet {
	uint64_t time; // ns since 1970
	uint64_t hash; // of `key`, keyed with the run's secret
	struct packet_key key;
	const uint8_t *payload; // of the transport; valid as long as the frame is
	// The tunnels that it came through: a number that is the same for the same stack of
	// tunnels, 0 for none.
	uint64_t stack;
	union {
		uint32_t sequence;  // TCP
		int32_t udp_length; // UDP: length field - 8, which may be negative
	};
	uint32_t acknowledgement; // TCP
	uint32_t ip_length; // by the IP header; 0 when the header says 0 (segmentation offload)
	uint16_t payload_captured;
	uint16_t payload_length; // by the IP length; the transport header is not part of it
	struct uid parent;       // what the innermost of its tunnels is called
	uint8_t mac[2][6];       // of destination and source; zeros where the frame names none
	uint16_t vlan[2];        // outer and inner tag, or PACKET_NO_VLAN
	uint16_t window;         // TCP
	uint8_t tcp_flags;       // all eight bits
	uint8_t transport;       // enum packet_transport
	uint8_t sender;          // which end of the key sent it
	uint8_t cut;             // not all of the datagram was captured
	uint8_t copied;          // payload lies in the fragment table, not in the frame
	uint8_t verdict;         // enum packet_verdict
	uint8_t owner;           // worker that tracks its connection; set by capture
	uint8_t depth : 4;       // tunnels around it
	uint8_t innermost : 4;   // enum packet_tunnel: the last of them
	uint8_t has_mac : 1;
	uint8_t may_carry : 1; // UDP that may be a tunnel; whether it is, its connection decides
	uint8_t step : 1;      // comes long after all before it; set by capture, files only
	uint8_t frame_cut : 1; // not all of the frame was captured, padding included
	uint8_t headed : 1;    // its IP and transport headers stand right in front of `payload`
	uint8_t unused : 3;
	uint8_t pad;
};

static_assert(sizeof(struct packet) == 128, "a packet is two cache lines");

// Bytes in front of `payload` that are its headers, from the IP header on; 0 where they are not
// there, or where IP's length says nothing (segmentation offload). They were captured, all of them.
static inline uint32_t packet_headers(const struct packet *packet)
{
	return packet->headed ? packet->ip_length - packet->payload_length : 0;
}

// What stands in place of ports for an ICMP message. Returns true when the type has a partner, so
// that both directions are one connection. Any thread.
bool packet_icmp_ports(uint8_t protocol, uint8_t type, uint8_t code, uint16_t *source,
		       uint16_t *destination);

// Ways to carry packets inside packets.
enum packet_tunnel {
	PACKET_TUNNEL_NONE,
	PACKET_TUNNEL_IP, // IP in IP, or GRE in IP; such a tunnel is known by its pair of addresses
	PACKET_TUNNEL_GRE, // GRE in UDP (RFC 8086); the same
	PACKET_TUNNEL_VXLAN,
	PACKET_TUNNEL_GENEVE,
	PACKET_TUNNEL_GTP, // GTPv1-U
	PACKET_TUNNEL_TEREDO,
	PACKET_TUNNEL_AYIYA,
	PACKET_TUNNEL_COUNT
};

// Nothing is looked for below this many tunnels, whatever the settings say.
#define PACKET_TUNNEL_MOST 8

// Which tunnels are looked for; immutable while it is used. Decoders and tables share one.
struct packet_tunnels {
	uint8_t depth;       // at most so many inside each other, up to PACKET_TUNNEL_MOST
	uint8_t kind[65536]; // enum packet_tunnel, by the responder's UDP port
};

struct fragment_table;

struct packet_decoder {
	bool ignore_checksums;
	const struct packet_tunnels *tunnels; // NULL: none are opened
	uint64_t secret[6];                   // for the hash, from packet_secret()
	struct fragment_table *fragments;     // NULL: every fragment is refused
	struct packet_rest {                  // what packet_decode_more() goes on with; private
		const uint8_t *data;
		uint32_t captured;
		uint32_t length;
		struct packet around; // its time, tunnels and tags
	} rest;
};

// Fills `decoder->secret` from the kernel's random numbers, so that nobody outside can aim at one
// bucket of the table. Returns 0 or a negative errno.
int packet_decoder_secret(struct packet_decoder *decoder);

// Decodes a frame. On PACKET_TRACK all of `packet` is set, else only its time and verdict. The
// caller owns both; one decoder serves one thread at a time. Never reads outside frame->data[0 ..
// captured).
enum packet_verdict packet_decode(struct packet_decoder *decoder, const struct packet_frame *frame,
				  struct packet *packet);

// The next packet of the frame that packet_decode() was called with last: some frames carry several
// (802.11 aggregates). False when there is none, else `packet` is as after packet_decode(). The
// frame must still be there.
bool packet_decode_more(struct packet_decoder *decoder, struct packet *packet);

// Where the IP header begins in a frame, in bytes; UINT32_MAX where there is none. For whoever
// changes addresses in it.
uint32_t packet_ip_offset(struct packet_decoder *decoder, const struct packet_frame *frame);

// How a UDP datagram is to be opened: by its connection's responder port or, where that belongs to
// no tunnel, by what it looks like (AYIYA, Teredo). `tunnels` may be NULL.
enum packet_tunnel packet_tunnel_of(const struct packet_tunnels *tunnels,
				    const struct packet *packet, uint16_t responder_port);

enum packet_tunnel_result {
	PACKET_TUNNEL_OPEN,     // there is a packet inside
	PACKET_TUNNEL_CLOSED,   // nothing inside that could be tracked: control messages, ...
	PACKET_TUNNEL_INVALID,  // not this kind of tunnel after all
	PACKET_TUNNEL_TOO_DEEP, // one tunnel more than is allowed
};

// Looks at the tunnel header in the payload of a UDP packet.
enum packet_tunnel_result packet_tunnel_check(const struct packet_tunnels *tunnels,
					      const struct packet *packet, enum packet_tunnel kind);

// Decodes what is inside a UDP packet for which packet_tunnel_check() said PACKET_TUNNEL_OPEN;
// `parent` is the name of the connection that carries it. Then as packet_decode(); the payload of
// `carrier` must stay.
enum packet_verdict packet_decapsulate(struct packet_decoder *decoder, const struct packet *carrier,
				       enum packet_tunnel kind, struct uid parent,
				       struct packet *packet);
