/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */

// How fast lines of conn.log are made and written: all of Zeek's columns, with the default local
// networks.
//
//   log.format      formatting alone, weir against snprintf with the same lines (which is checked); records that are
//                   in the cache, and for snprintf also the uid as text and whether the addresses are local
//   log.written     control core and writer thread together on one CPU, from the ring of a worker to write(2) in
//                   /dev/shm, while a thread on another CPU fills the ring
//   log.written.cpu the same by the CPU time of those two instead of the clock: what counts on a machine that is
//                   shared
//
// Each is the median of several rounds, in which all take turns.

#include "bench.h"

#include "base/address.h"
#include "base/message.h"
#include "bus/bus.h"
#include "config/config.h"
#include "control/control.h"
#include "log/log_conn.h"
#include "log/log_writer.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDS      4096
#define ROUNDS       31
#define WRITE_ROUNDS 5
#define WRITE_LINES  (1u << 20)
#define RING         16384
// What a worker hands over in one go, at most.
#define SENT_AT_A_TIME 256

static struct conn_summary record[RECORDS];

// What snprintf gets ready-made.
static struct ready {
	char uid[UID_TEXT_SIZE + 1];
	bool local[2];
} ready[RECORDS];

static const struct prefix *local;
static size_t local_count;

// ---- Records

static uint64_t state = 1;

static uint64_t below(uint64_t limit)
{
	return random_next(&state) % limit;
}

// Heavy-tailed: any number of digits up to that of `most` is about as likely.
static uint64_t tailed(uint64_t most)
{
	uint64_t limit = 10;

	while (limit < most && below(4) != 0)
		limit *= 10;
	return below(limit < most ? limit : most);
}

static struct address client(bool v6)
{
	struct address address = {{[10] = 0xff, [11] = 0xff, [12] = 10}};

	if (v6)
		address = (struct address){{0x20, 0x01, 0x0d, 0xb8}};
	for (int i = v6 ? 8 : 13; i < 16; i++)
		address.byte[i] = (uint8_t)below(256);
	return address;
}

static struct address server(bool v6)
{
	struct address address = {{[10] = 0xff, [11] = 0xff, [12] = (uint8_t)(1 + below(223))}};

	if (v6)
		address = (struct address){
			{0x2a, (uint8_t)below(16), (uint8_t)below(256), (uint8_t)below(256)}};
	for (int i = v6 ? below(2) ? 14 : 8 : 13; i < 16; i++)
		address.byte[i] = (uint8_t)below(256);
	return address;
}

static void set_history(struct conn_summary *summary, const char *letters)
{
	summary->history_length = (uint8_t)strlen(letters);
	memcpy(summary->history, letters, summary->history_length);
}

static void count_packets(struct conn_summary *summary, uint64_t most)
{
	for (int side = 0; side < 2; side++) {
		summary->bytes[side] = tailed(most);
		summary->packets[side] = 1 + summary->bytes[side] / 700 + below(6);
		summary->ip_bytes[side] = summary->bytes[side] + 40 * summary->packets[side];
	}
}

static void make_tcp(struct conn_summary *summary)
{
	static const char *const histories[] = {
		"ShADadFf",   "ShADadfF",   "ShADdaFf",       "ShADadFfR",         "ShADadfr",
		"ShADadCFfa", "ShADadttFf", "ShADadtTgwFfcR", "ShADadTtTtFfgGwWRr"};

	summary->protocol = PACKET_TCP;
	summary->port[CONN_RESP] = below(4) == 0 ? (uint16_t)tailed(65535) : 443;
	summary->state = CONN_STATE_SF;
	set_history(summary, histories[below(below(3) ? 3 : 9)]);
	summary->duration = (int64_t)(1 + tailed(UINT64_C(100000000000)));
	count_packets(summary, 100000000);
	if (below(10) == 0) {
		summary->state = (uint8_t)below(CONN_STATE_COUNT);
		set_history(summary, "ShR");
	}
	if (below(50) == 0)
		summary->missed_bytes = tailed(100000);
}

static void make_unanswered(struct conn_summary *summary)
{
	summary->protocol = PACKET_TCP;
	summary->port[CONN_RESP] = (uint16_t)tailed(65535);
	summary->state = CONN_STATE_S0;
	set_history(summary, "S");
	summary->packets[CONN_ORIG] = 1 + below(3);
	summary->ip_bytes[CONN_ORIG] = 60 * summary->packets[CONN_ORIG];
	summary->duration = summary->packets[CONN_ORIG] == 1 ? 0 : 3001234567;
}

static void make_datagrams(struct conn_summary *summary)
{
	bool dns = below(8) != 0;

	summary->protocol = PACKET_UDP;
	summary->port[CONN_RESP] = dns ? 53 : (uint16_t)(1024 + below(60000));
	summary->state = CONN_STATE_SF;
	set_history(summary, "Dd");
	summary->duration = (int64_t)(100000 + tailed(UINT64_C(1000000000)));
	count_packets(summary, dns ? 500 : 10000000);
	if (dns)
		summary->packets[0] = summary->packets[1] = 1;
}

static void make_ping(struct conn_summary *summary, bool v6)
{
	summary->protocol = v6 ? PACKET_ICMPV6 : PACKET_ICMP;
	summary->port[CONN_ORIG] = v6 ? 128 : 8;
	summary->port[CONN_RESP] = v6 ? 129 : 0;
	summary->state = CONN_STATE_OTH;
	summary->duration = (int64_t)tailed(UINT64_C(10000000000));
	count_packets(summary, 1000);
}

static bool is_local(const struct address *address)
{
	for (size_t i = 0; i < local_count; i++)
		if (prefix_contains(&local[i], address))
			return true;
	return false;
}

static void make_record(size_t i)
{
	struct conn_summary *summary = &record[i];
	static const struct uid_key key = {.salt = 0x9c5f2c1e, .key = {1, 2, 3, 4}};
	bool v6 = below(5) == 0;
	uint64_t kind = below(100);

	summary->time = UINT64_C(1785933296000000000) + i * 1234567;
	summary->removed = summary->time + 60000000000;
	summary->address[CONN_ORIG] = client(v6);
	summary->address[CONN_RESP] = below(10) ? server(v6) : client(v6);
	summary->port[CONN_ORIG] = (uint16_t)(1024 + below(64000));
	summary->uid = uid_make(&key, 0, (uint32_t)below(1u << 22), (uint32_t)below(100));
	if (kind < 50)
		make_tcp(summary);
	else if (kind < 57)
		make_unanswered(summary);
	else if (kind < 98)
		make_datagrams(summary);
	else
		make_ping(summary, v6);
	if (below(100) == 0) {
		summary->parents = 1;
		summary->parent[0] = uid_make(&key, 0, 1, (uint32_t)i);
	}
	ready[i].uid[uid_format(summary->uid, ready[i].uid)] = '\0';
	for (int side = 0; side < 2; side++)
		ready[i].local[side] = is_local(&summary->address[side]);
}

// ---- The same lines with snprintf

struct words {
	char address[2][INET6_ADDRSTRLEN];
	char span[64];
	char bytes[2][24];
	char history[CONN_HISTORY_SIZE + 1];
	char parents[256];
};

static void spell_address(const struct address *address, char *text)
{
	if (address_is_v4(address))
		inet_ntop(AF_INET, address->byte + 12, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address->byte, text, INET6_ADDRSTRLEN);
}

static void spell(const struct conn_summary *summary, struct words *words, bool json)
{
	uint64_t span = (uint64_t)(summary->duration + 500) / 1000;
	size_t used = 0;

	for (int side = 0; side < 2; side++)
		spell_address(&summary->address[side], words->address[side]);
	memcpy(words->history, summary->history, summary->history_length);
	words->history[summary->history_length] = '\0';
	snprintf(words->span, sizeof(words->span), "%" PRIu64 ".%06" PRIu64, span / 1000000,
		 span % 1000000);
	for (unsigned i = 0; i < summary->parents; i++) {
		char uid[UID_TEXT_SIZE + 1];

		uid[uid_format(summary->parent[i], uid)] = '\0';
		used += (size_t)snprintf(words->parents + used, sizeof(words->parents) - used,
					 json ? "%s\"%s\"" : "%s%s", i > 0 ? "," : "", uid);
	}
}

static size_t printf_tsv(size_t i, char *line)
{
	const struct conn_summary *s = &record[i];
	bool timed = s->duration > 0;
	struct words words;

	spell(s, &words, false);
	if (timed)
		for (int side = 0; side < 2; side++)
			snprintf(words.bytes[side], sizeof(words.bytes[side]), "%" PRIu64,
				 s->bytes[side]);
	return (size_t)snprintf(
		line, LOG_LINE_SIZE,
		"%" PRIu64 ".%06" PRIu64
		"\t%s\t%s\t%u\t%s\t%u\t%s\t-\t%s\t%s\t%s\t%s\t%c\t%c\t%" PRIu64 "\t%s\t%" PRIu64
		"\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%u\n",
		s->time / 1000000000, s->time / 1000 % 1000000, ready[i].uid, words.address[0],
		s->port[0], words.address[1], s->port[1], conn_transport_name(s->protocol),
		timed ? words.span : "-", timed ? words.bytes[0] : "-",
		timed ? words.bytes[1] : "-", conn_state_name(s->state),
		ready[i].local[0] ? 'T' : 'F', ready[i].local[1] ? 'T' : 'F', s->missed_bytes,
		s->history_length ? words.history : "-", s->packets[0], s->ip_bytes[0],
		s->packets[1], s->ip_bytes[1], s->parents ? words.parents : "-", s->protocol);
}

static size_t printf_json(size_t i, char *line)
{
	const struct conn_summary *s = &record[i];
	char timed[128] = "", history[160] = "", parents[300] = "";
	struct words words;

	spell(s, &words, true);
	if (s->duration > 0)
		snprintf(timed, sizeof(timed),
			 ",\"duration\":%s,\"orig_bytes\":%" PRIu64 ",\"resp_bytes\":%" PRIu64,
			 words.span, s->bytes[0], s->bytes[1]);
	if (s->history_length > 0)
		snprintf(history, sizeof(history), ",\"history\":\"%s\"", words.history);
	if (s->parents > 0)
		snprintf(parents, sizeof(parents), ",\"tunnel_parents\":[%s]", words.parents);
	return (size_t)snprintf(
		line, LOG_LINE_SIZE,
		"{\"ts\":%" PRIu64 ".%06" PRIu64
		",\"uid\":\"%s\",\"id.orig_h\":\"%s\",\"id.orig_p\":%u,"
		"\"id.resp_h\":\"%s\",\"id.resp_p\":%u,\"proto\":\"%s\"%s,\"conn_state\":\"%s\","
		"\"local_orig\":%s,\"local_resp\":%s,\"missed_bytes\":%" PRIu64
		"%s,\"orig_pkts\":%" PRIu64 ",\"orig_ip_bytes\":%" PRIu64 ",\"resp_pkts\":%" PRIu64
		",\"resp_ip_bytes\":%" PRIu64 "%s,\"ip_proto\":%u}\n",
		s->time / 1000000000, s->time / 1000 % 1000000, ready[i].uid, words.address[0],
		s->port[0], words.address[1], s->port[1], conn_transport_name(s->protocol), timed,
		conn_state_name(s->state), ready[i].local[0] ? "true" : "false",
		ready[i].local[1] ? "true" : "false", s->missed_bytes, history, s->packets[0],
		s->ip_bytes[0], s->packets[1], s->ip_bytes[1], parents, s->protocol);
}

// ---- Formatting alone

static struct log_layout layout;

// A place like the log's buffer: lines one behind the other, and when it is full again from its
// beginning.
static char text[256 * 1024 + LOG_LINE_SIZE];

static char *next_line(char *at, size_t length)
{
	at += length;
	return at < text + sizeof(text) - LOG_LINE_SIZE ? at : text;
}

static size_t format_weir(const struct log_options *options)
{
	size_t total = 0;
	char *at = text;

	for (size_t i = 0; i < RECORDS; i++) {
		size_t length = log_line_format(&layout, options, &record[i], at);

		at = next_line(at, length);
		total += length;
	}
	return total;
}

static size_t format_printf(enum log_format format)
{
	size_t total = 0;
	char *at = text;

	for (size_t i = 0; i < RECORDS; i++) {
		size_t length = format == LOG_FORMAT_JSON ? printf_json(i, at) : printf_tsv(i, at);

		at = next_line(at, length);
		total += length;
	}
	return total;
}

static void check_equal(const struct log_options *options)
{
	static char line[2][LOG_LINE_SIZE];

	for (size_t i = 0; i < RECORDS; i++) {
		size_t length = log_line_format(&layout, options, &record[i], line[0]);
		size_t other = options->format == LOG_FORMAT_JSON ? printf_json(i, line[1])
								  : printf_tsv(i, line[1]);

		if (length == other && memcmp(line[0], line[1], length) == 0)
			continue;
		printf("# the lines differ:\n# %.*s# %.*s", (int)length, line[0], (int)other,
		       line[1]);
		exit(1);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report_format(const char *what, const char *name, double *cycles, double *span)
{
	char series[64];

	snprintf(series, sizeof(series), "log.format %s-%s", what, name);
	bench_report(series, 0, median(cycles, ROUNDS), "cycles/line");
	snprintf(series, sizeof(series), "log.format.rate %s-%s", what, name);
	bench_report(series, 0, RECORDS / median(span, ROUNDS) / 1e6, "M lines/s");
}

static const char *const format_name[] = {[LOG_FORMAT_TSV] = "tsv", [LOG_FORMAT_JSON] = "json"};

static void bench_format(const struct log_options *options)
{
	static double cycles[2][ROUNDS], span[2][ROUNDS];
	size_t length = 0;

	check_equal(options);
	for (int round = 0; round < ROUNDS; round++) {
		for (int rival = 0; rival < 2; rival++) {
			double began = seconds(CLOCK_MONOTONIC), wall;
			double used = seconds(CLOCK_THREAD_CPUTIME_ID);
			uint64_t start = bench_cycles();

			length = rival ? format_printf(options->format) : format_weir(options);
			cycles[rival][round] = (double)(bench_cycles() - start) / RECORDS;
			wall = seconds(CLOCK_MONOTONIC) - began;
			// Without the time in which the CPU was somebody else's.
			span[rival][round] = seconds(CLOCK_THREAD_CPUTIME_ID) - used;
			if (span[rival][round] < wall)
				cycles[rival][round] *= span[rival][round] / wall;
		}
	}
	printf("# %s: %.1f bytes a line\n", format_name[options->format], (double)length / RECORDS);
	report_format("weir", format_name[options->format], cycles[0], span[0]);
	report_format("snprintf", format_name[options->format], cycles[1], span[1]);
}

// ---- From the ring to the file

struct producer {
	struct bus_channel *channel;
	struct worker_counters counters;
	double cpu_time;
};

static void pin(unsigned number)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0 || CPU_COUNT(&allowed) < 2)
		return;
	CPU_ZERO(&one);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed) && number-- == 0)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void *produce(void *argument)
{
	struct producer *producer = argument;

	for (uint32_t i = 0; i < WRITE_LINES;) {
		size_t left = WRITE_LINES - i, room;
		struct conn_summary *place = bus_channel_reserve(
			producer->channel, left < SENT_AT_A_TIME ? left : SENT_AT_A_TIME, &room);

		if (place == NULL)
			continue;
		for (size_t j = 0; j < room; j++)
			place[j] = record[i++ % RECORDS];
		bus_channel_commit(producer->channel, room);
	}
	atomic_store_explicit(&producer->counters.done, true, memory_order_release);
	producer->cpu_time = seconds(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void stop(void *context)
{
}

static void give_up(const char *what)
{
	printf("# cannot %s\n", what);
	exit(1);
}

// The log writer of weir with its defaults, in a directory that is removed by close_log().
static struct log_writer *open_log(enum log_format format, char *directory,
				   struct log_stream **stream)
{
	struct log_options options = {.directory = directory,
				      .format = format,
				      .flush_interval = 1000000000,
				      .local = local,
				      .local_count = local_count};
	struct log_writer *writer;

	strcpy(directory, access("/dev/shm", W_OK) == 0 ? "/dev/shm/weir-bench-XXXXXX"
							: "/tmp/weir-bench-XXXXXX");
	if (mkdtemp(directory) == NULL)
		give_up("make a directory");
	writer = log_writer_create(&options);
	*stream = writer ? log_conn_open(writer, 0) : NULL;
	if (*stream == NULL)
		give_up("open conn.log");
	return writer;
}

static void close_log(struct log_writer *writer, const char *directory)
{
	char path[128];

	log_writer_destroy(writer, NULL);
	snprintf(path, sizeof(path), "%s/conn.log", directory);
	unlink(path);
	rmdir(directory);
}

// One round: seconds by the clock, and of the CPU.
static void write_lines(enum log_format format, double *span, double *cpu_time)
{
	static const struct conn_counters conn;
	struct producer producer = {.channel = bus_channel_create(RING)};
	struct control_worker worker = {
		.channel = producer.channel, .counters = &producer.counters, .conn = &conn};
	struct control_settings settings = {
		.workers = &worker, .worker_count = 1, .live = true, .stop = stop};
	struct control *control;
	double cpu_before, before;
	cpu_set_t allowed;
	char directory[64];
	pthread_t thread;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	pin(0);
	settings.writer = open_log(format, directory, &settings.conn_log);
	control = control_create(&settings);
	if (producer.channel == NULL || control == NULL)
		give_up("allocate memory");
	sched_setaffinity(0, sizeof(allowed), &allowed);
	pin(1);
	cpu_before = seconds(CLOCK_PROCESS_CPUTIME_ID);
	before = seconds(CLOCK_MONOTONIC);
	if (pthread_create(&thread, NULL, produce, &producer) != 0)
		give_up("start a thread");
	sched_setaffinity(0, sizeof(allowed), &allowed);
	pin(0);
	control_run(control);
	log_writer_finish(settings.writer);
	*span = seconds(CLOCK_MONOTONIC) - before;
	pthread_join(thread, NULL);
	*cpu_time = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before - producer.cpu_time;
	sched_setaffinity(0, sizeof(allowed), &allowed);
	if (control_unlogged(control) > 0 || log_writer_lost_lines(settings.writer) > 0)
		give_up("write all lines");
	control_destroy(control);
	close_log(settings.writer, directory);
	bus_channel_destroy(producer.channel);
}

static void bench_written(void)
{
	static double span[2][WRITE_ROUNDS], cpu_time[2][WRITE_ROUNDS];
	char series[64];

	for (int round = 0; round < WRITE_ROUNDS; round++)
		for (int format = 0; format < 2; format++)
			write_lines((enum log_format)format, &span[format][round],
				    &cpu_time[format][round]);
	for (int format = 0; format < 2; format++) {
		snprintf(series, sizeof(series), "log.written %s", format_name[format]);
		bench_report(series, 0, WRITE_LINES / median(span[format], WRITE_ROUNDS) / 1e6,
			     "M lines/s");
		snprintf(series, sizeof(series), "log.written.cpu %s", format_name[format]);
		bench_report(series, 0, WRITE_LINES / median(cpu_time[format], WRITE_ROUNDS) / 1e6,
			     "M lines/s");
	}
}

int main(int argc, char **argv)
{
	struct config *config = config_create();
	char directory[64];

	setlinebuf(stdout);
	if (config == NULL || config_finish(config) < 0)
		give_up("set defaults");
	local = config->networks.local.item;
	local_count = config->networks.local.count;
	for (size_t i = 0; i < RECORDS; i++)
		make_record(i);
	if (log_conn_layout(&layout, 0) < 0)
		give_up("lay the columns out");
	for (int format = 0; format < 2; format++) {
		struct log_stream *stream;
		struct log_writer *writer = open_log((enum log_format)format, directory, &stream);

		bench_format(log_writer_options(writer));
		close_log(writer, directory);
	}
	// An argument: formatting only, for profilers.
	if (argc < 2)
		bench_written();
	config_destroy(config);
	return 0;
}
