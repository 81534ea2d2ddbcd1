/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// mix PACKETS OUT.pcap [PACKETS-A-SECOND]: a trace like what an uplink of an organization carries,
// made up: the same each time. Out of 100 connections
//
//   50 TCP       handshake, request, a response of heavy-tailed length in trains of ten segments, an ACK for every other one,
//                then FINs, or a RST in 5 of 100
//   36 DNS       question and answer
//    5 UDP       streams of heavy-tailed length in both directions
//    5 TCP       a SYN that nobody answers, sent three times
//    2 TCP       refused
//    2 ICMP      pings
//
// a fifth of them IPv6; 20 packets a connection, 13 in a trace of two million packets, whose end
// cuts many. Clients 10.x.x.x, servers anywhere. Checksums are right. Payload is zeros, but for
// what begins a stream of SSH, SMTP and SMB.

#include "frame.h"

#include <math.h>
#include <netinet/in.h>

#define SECOND        UINT64_C(1000000000)
#define MICROSECOND   UINT64_C(1000)
#define MILLISECOND   UINT64_C(1000000)
#define SEGMENT_MOST  1448
#define TRAIN         10
#define ETHERNET      14
#define MEAN_A_FLOW   20
#define LARGEST_FRAME 1600

enum kind { WEB, DNS, STREAM, UNANSWERED, REFUSED, PING };

// One connection on its way. `step` counts its packets, `left` the bytes that the server still has
// to send.
struct flow {
	uint64_t next; // when its next packet is due, ns
	uint64_t round_trip;
	uint64_t left;
	uint32_t sequence[2]; // client, server
	uint32_t address[2];
	uint16_t port[2];
	uint8_t kind;
	bool v6;
	uint16_t step;
	uint16_t in_train;
	uint8_t closing;  // 1: FIN sent, 2: answered
	uint32_t said[2]; // segments with payload
};

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_word(void)
{
	return random_next(&random_state);
}

// Above 0, at most 1.
static double random_part(void)
{
	return (double)((random_word() >> 11) + 1) / 9007199254740992.0;
}

static uint64_t exponential(uint64_t mean)
{
	return (uint64_t)(-log(random_part()) * (double)mean);
}

static uint64_t pareto(double least, double exponent, double most)
{
	double value = least / pow(random_part(), 1 / exponent);

	return (uint64_t)(value < most ? value : most);
}

// The flows on their way, as a heap: the one whose packet is due first is at 1.
static struct flow *heap;
static size_t heap_count, heap_room;

static void heap_sink(size_t at)
{
	struct flow flow = heap[at];

	for (;;) {
		size_t child = 2 * at;

		if (child > heap_count)
			break;
		if (child < heap_count && heap[child + 1].next < heap[child].next)
			child++;
		if (heap[child].next >= flow.next)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = flow;
}

static void heap_add(const struct flow *flow)
{
	size_t at = ++heap_count;

	if (heap_count >= heap_room) {
		heap_room = heap_room ? 2 * heap_room : 65536;
		heap = realloc(heap, heap_room * sizeof(*heap));
		if (heap == NULL) {
			fprintf(stderr, "mix: no memory\n");
			exit(1);
		}
	}
	for (; at > 1 && heap[at / 2].next > flow->next; at /= 2)
		heap[at] = heap[at / 2];
	heap[at] = *flow;
}

static void heap_drop_first(void)
{
	heap[1] = heap[heap_count--];
	if (heap_count > 0)
		heap_sink(1);
}

static uint16_t server_port(void)
{
	static const uint16_t port[] = {443, 443, 443, 443, 443, 443, 443,  443,  443,  443,
					443, 443, 443, 443, 80,  80,  80,   993,  8080, 25,
					445, 22,  389, 143, 443, 443, 5222, 8443, 3306, 6379};

	return port[random_word() % (sizeof(port) / sizeof(port[0]))];
}

static struct flow flow_start(uint64_t now)
{
	unsigned what = (unsigned)(random_word() % 100);
	struct flow flow = {
		.next = now,
		.round_trip = MILLISECOND + exponential(25 * MILLISECOND),
		.sequence = {(uint32_t)random_word(), (uint32_t)random_word()},
		.address = {0x0a000000 | (uint32_t)(random_word() & 0xffff),
			    0x20000000 + (uint32_t)(pareto(1, 0.7, 1e8))},
		.port = {(uint16_t)(32768 + random_word() % 28000), server_port()},
		.v6 = random_word() % 5 == 0,
		.kind = WEB,
		.left = pareto(3000, 1.1, 1e8),
	};

	if (what >= 98) {
		flow.kind = PING;
		flow.left = 2 * (1 + random_word() % 5);
	} else if (what >= 96) {
		flow.kind = REFUSED;
	} else if (what >= 91) {
		flow.kind = UNANSWERED;
	} else if (what >= 86) {
		flow.kind = STREAM;
		flow.port[1] = 443;
		flow.left = pareto(6000, 1.1, 1e8);
	} else if (what >= 50) {
		flow.kind = DNS;
		flow.port[1] = 53;
		flow.address[1] = 0x0a00ff00 | (uint32_t)(random_word() % 4);
	}
	return flow;
}

static uint32_t sum_words(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return length % 2 ? sum + ((uint32_t)bytes[length - 1] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static FILE *out;
static uint64_t written;

// Writes a frame whose transport header, `length` bytes, ends in zeros of payload; only the first
// `header` bytes need to be summed up. `checksum` is where its checksum belongs.
static void write_frame(const struct flow *flow, unsigned sender, uint8_t protocol,
			const uint8_t *transport, size_t header, size_t length, size_t checksum)
{
	static uint8_t frame[LARGEST_FRAME];
	uint8_t *ip = frame + ETHERNET, *to;
	uint32_t source = flow->address[sender], destination = flow->address[sender ^ 1];
	uint32_t address_sum = 0;
	size_t ip_header = flow->v6 ? 40 : 20;

	memset(frame, 0, ETHERNET + ip_header);
	memcpy(frame, "\x02\0\0\0\0\2\x02\0\0\0\0\1", 12);
	frame_be16(frame + 12, flow->v6 ? 0x86dd : 0x0800);
	if (flow->v6) {
		ip[0] = 0x60;
		frame_be16(ip + 4, (uint32_t)length);
		ip[6] = protocol;
		ip[7] = 64;
		frame_be32(ip + 8, 0x20010db8);
		frame_be32(ip + 20, source);
		frame_be32(ip + 24, 0x20010db8);
		frame_be32(ip + 36, destination);
		address_sum = sum_words(0, ip + 8, 32);
	} else {
		ip[0] = 0x45;
		frame_be16(ip + 2, (uint32_t)(length + 20));
		frame_be16(ip + 6, 0x4000);
		ip[8] = 64;
		ip[9] = protocol;
		frame_be32(ip + 12, source);
		frame_be32(ip + 16, destination);
		frame_be16(ip + 10, fold(sum_words(0, ip, 20)));
		address_sum = sum_words(0, ip + 12, 8);
	}
	to = ip + ip_header;
	memcpy(to, transport, header);
	memset(to + header, 0, length - header);
	if (protocol == IPPROTO_ICMP)
		frame_be16(to + checksum, fold(sum_words(0, to, header)));
	else
		frame_be16(to + checksum,
			   fold(sum_words(address_sum + protocol + (uint32_t)length, to, header)));
	trace_frame(out, 1700000000 * SECOND + flow->next, frame,
		    (uint32_t)(length + ETHERNET + ip_header));
	written++;
}

// What a side says first, where weir reads it: an SSH banner and the packet after which all is
// encrypted, a line of mail, one SMB message as long as the stream.
static size_t opening(const struct flow *flow, unsigned sender, size_t payload, uint8_t *text)
{
	static const char ssh[] = "SSH-2.0-mix\r\n\0\0\0\x0c\x0a\x15\0\0\0\0\0\0\0\0\0";
	static const char mail[2][33] = {"EHLO example.org\r\nDATA\r\n", "220 example.org\r\n"};
	size_t length;

	switch (flow->port[1]) {
	case 22:
		length = sizeof(ssh) - 1;
		memcpy(text, ssh, length);
		break;
	case 25:
		length = strlen(mail[sender]);
		memcpy(text, mail[sender], length);
		break;
	case 445:
		length = 8;
		frame_be32(text, (uint32_t)(sender == 1 ? flow->left : payload) - 4);
		text[0] = 0;
		memcpy(text + 4, "\xfeSMB", 4);
		break;
	default:
		return 0;
	}
	return length < payload ? length : payload;
}

static void write_tcp(struct flow *flow, unsigned sender, uint8_t flags, size_t payload)
{
	uint8_t header[20 + 64] = {0};
	size_t known = 20;

	frame_be16(header, flow->port[sender]);
	frame_be16(header + 2, flow->port[sender ^ 1]);
	frame_be32(header + 4, flow->sequence[sender]);
	frame_be32(header + 8, flags & TCP_ACK ? flow->sequence[sender ^ 1] : 0);
	header[12] = 0x50;
	header[13] = flags;
	frame_be16(header + 14, 64000);
	if (payload > 0 && flow->said[sender]++ == 0)
		known += opening(flow, sender, payload, header + 20);
	write_frame(flow, sender, IPPROTO_TCP, header, known, 20 + payload, 16);
	flow->sequence[sender] += (uint32_t)payload + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
}

static void write_udp(struct flow *flow, unsigned sender, const uint8_t *message, size_t known,
		      size_t payload)
{
	uint8_t header[8 + 12] = {0};

	frame_be16(header, flow->port[sender]);
	frame_be16(header + 2, flow->port[sender ^ 1]);
	frame_be16(header + 4, (uint32_t)(8 + payload));
	memcpy(header + 8, message, known);
	write_frame(flow, sender, IPPROTO_UDP, header, 8 + known, 8 + payload, 6);
}

// The response: a train of segments, acknowledged in pairs; then the FINs. 0: it was the last
// packet, else when the next one comes.
static uint64_t web_body(struct flow *flow)
{
	size_t segment = flow->left < SEGMENT_MOST ? (size_t)flow->left : SEGMENT_MOST;

	if (flow->closing == 0 && flow->step % 3 == 2 && flow->in_train > 0) {
		write_tcp(flow, 0, TCP_ACK, 0);
	} else if (flow->left > 0) {
		write_tcp(flow, 1, TCP_ACK | TCP_PSH, segment);
		flow->left -= segment;
		flow->in_train++;
	} else if (flow->closing == 0) {
		bool reset = flow->address[0] % 20 == 0;

		write_tcp(flow, 1, reset ? TCP_RST | TCP_ACK : TCP_FIN | TCP_ACK, 0);
		flow->closing = 1;
		return reset ? 0 : flow->round_trip / 2;
	} else if (flow->closing == 1) {
		write_tcp(flow, 0, TCP_FIN | TCP_ACK, 0);
		flow->closing = 2;
		return flow->round_trip / 2;
	} else {
		write_tcp(flow, 1, TCP_ACK, 0);
		return 0;
	}
	if (flow->in_train == TRAIN) {
		flow->in_train = 0;
		return flow->round_trip;
	}
	return 1200;
}

static uint64_t web(struct flow *flow)
{
	switch (flow->step++) {
	case 0:
		write_tcp(flow, 0, TCP_SYN, 0);
		return flow->round_trip;
	case 1:
		write_tcp(flow, 1, TCP_SYN | TCP_ACK, 0);
		return 100 * MICROSECOND;
	case 2:
		write_tcp(flow, 0, TCP_ACK, 0);
		return 2 * MICROSECOND;
	case 3:
		write_tcp(flow, 0, TCP_ACK | TCP_PSH, 100 + flow->address[1] % 1000);
		return flow->round_trip;
	default:
		return web_body(flow);
	}
}

static uint64_t dns(struct flow *flow)
{
	uint8_t message[12] = {0, 0, 1, 0, 0, 1};

	frame_be16(message, flow->sequence[0]);
	if (flow->step++ == 0) {
		write_udp(flow, 0, message, sizeof(message), 30 + flow->address[0] % 30);
		return flow->round_trip;
	}
	message[2] = 0x81;
	message[3] = 0x80;
	write_udp(flow, 1, message, sizeof(message), 60 + flow->address[0] % 200);
	return 0;
}

static uint64_t stream(struct flow *flow)
{
	size_t size = flow->left < 1250 ? (size_t)flow->left : 1250;

	if (flow->step++ % 4 == 0) {
		write_udp(flow, 0, NULL, 0, 60 + flow->left % 300);
	} else {
		write_udp(flow, 1, NULL, 0, size);
		flow->left -= size;
	}
	if (flow->left == 0)
		return 0;
	return flow->step % 16 == 0 ? flow->round_trip : 2 * MICROSECOND;
}

static uint64_t attempt(struct flow *flow)
{
	if (flow->step == 1 && flow->kind == REFUSED) {
		write_tcp(flow, 1, TCP_RST | TCP_ACK, 0);
		return 0;
	}
	write_tcp(flow, 0, TCP_SYN, 0);
	flow->sequence[0]--;
	flow->step++;
	if (flow->kind == REFUSED)
		flow->sequence[0]++;
	return flow->kind == REFUSED ? flow->round_trip : flow->step < 3 ? SECOND : 0;
}

static uint64_t ping(struct flow *flow)
{
	unsigned sender = flow->step++ % 2;
	uint8_t header[8] = {sender == 0 ? 8 : 0};

	flow->v6 = false;
	frame_be16(header + 4, flow->port[0]);
	frame_be16(header + 6, flow->step);
	write_frame(flow, sender, IPPROTO_ICMP, header, sizeof(header), 64, 2);
	if (--flow->left == 0)
		return 0;
	return sender == 0 ? flow->round_trip : SECOND;
}

// Writes the packet of the first flow, and moves or ends it.
static void write_next(void)
{
	static uint64_t (*const packet[])(struct flow *) = {web,     dns,     stream,
							    attempt, attempt, ping};
	struct flow *flow = &heap[1];
	uint64_t gap = packet[flow->kind](flow);

	if (gap == 0) {
		heap_drop_first();
		return;
	}
	flow->next += gap;
	heap_sink(1);
}

int main(int count, char **word)
{
	uint64_t packets = count > 2 ? strtoull(word[1], NULL, 10) : 0, arrival = 0, between;
	uint64_t rate = count > 3 ? strtoull(word[3], NULL, 10) : 1500000;

	if (packets == 0 || rate == 0) {
		fprintf(stderr, "usage: mix PACKETS OUT.pcap [PACKETS-A-SECOND]\n");
		return 2;
	}
	out = trace_create(word[2]);
	between = SECOND * MEAN_A_FLOW / rate;
	while (written < packets) {
		while (heap_count == 0 || arrival <= heap[1].next) {
			struct flow flow = flow_start(arrival);

			heap_add(&flow);
			arrival += 1 + exponential(between);
		}
		write_next();
	}
	trace_close(out, word[2]);
	free(heap);
	return 0;
}
