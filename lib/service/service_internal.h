/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "service/service.h"

#include "base/monotonic.h"
#include "watch/watch_name.h"

#include <poll.h>
#include <sys/stat.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

// The parts of the service, all on its one thread. A turn of its loop gives each client a little: a
// read, one line, a slice of a listing, a write. So nobody waits for another for longer than a
// turn.
//
//   client.input --line--> request.c --+--> answered at once --------------> client.output
//                                      +--> listing.c: a slice a turn -----> client.output
//                                      +--> exchange.c: rings of a worker -> client.output
//                                      +--> change.c: a thread aside -----> client.output

#define SERVICE_CLIENTS_MOST 256
#define SERVICE_LINE_MOST    65536
// A client that does not read is given nothing more from here on; no single answer gets past the
// second.
#define SERVICE_OUTPUT_ENOUGH (UINT32_C(256) << 10)
#define SERVICE_OUTPUT_MOST   (UINT32_C(8) << 20)
// Longer than this a line's "id" is not repeated in each item.
#define SERVICE_ID_MOST 256

struct change;
struct service_listing;

// Text on its way to a client.
struct service_output {
	char *data;
	size_t begin; // what lies before was written to the socket
	size_t end;
	size_t room;
};

enum client_doing {
	CLIENT_IDLE,     // the next line may be looked at
	CLIENT_LISTING,  // `listing`
	CLIENT_EXCHANGE, // `exchange`
	CLIENT_CHANGE,   // `change`
};

// A request to a worker.
struct service_exchange {
	struct watch_request request[WATCH_KIND_COUNT]; // numbered in a row
	uint32_t worker;
	uint32_t count;
	uint32_t sent;
	uint32_t answered;
	uint64_t items;    // of a list
	uint64_t deadline; // ns, monotonic
	int32_t status;    // the first that is not 0
	uint8_t failed;    // which of them it came for
	bool fired;
};

struct client {
	int descriptor;
	char *input; // SERVICE_LINE_MOST, once something was sent
	size_t filled;
	bool skipping;     // the rest of a line that was too long
	bool ended;        // nothing more will come in
	bool gone;         // to be closed
	uint64_t progress; // when it last took something, ns, monotonic
	uint64_t heard;    // when something last came from it, or it came itself
	char *id;          // of the request under way, as JSON text; NULL: it has none
	enum client_doing doing;
	struct service_output output;
	struct service_listing *listing;
	struct service_exchange exchange;
	struct change *change;
};

struct service {
	struct service_settings settings;
	struct conn_reader **reader; // [workers]
	int listener;
	struct stat file;     // of the socket, as weir made it
	int wake;             // an eventfd
	uint64_t answer_time; // how long a worker may take, ns
	uint64_t write_time;  // how long a client may take nothing, ns
	uint64_t idle_time;   // how long a client may do nothing when others need its place, ns
	atomic_bool stop;
	atomic_bool reload;
	bool running;
	pthread_t thread;
	uint64_t number;                // of the last request to a worker
	uint64_t listing_items;         // places that all listings together keep
	uint64_t listing_kept;          // and copies, without those of very short ones
	uint64_t rest_until;            // when listings go on
	uint64_t accept_after;          // no descriptors were left: when to try again
	struct change *left;            // whose clients are gone, or that a signal asked for
	const struct change *reloading; // the one reload that is under way
	uint32_t client_count;
	struct client *client[SERVICE_CLIENTS_MOST];
	struct pollfd poll[SERVICE_CLIENTS_MOST + 2];
};

// socket.c: listens at `path`. Returns the descriptor, or a negative errno with a message.
int service_listen(const char *path, uint32_t mode);

// client.c
struct client *client_create(int descriptor);
void client_destroy(struct service *service, struct client *client);
// Reads once what has come.
void client_read(struct client *client);
// Handles one line, if there is one and the client takes its answers.
void client_take_line(struct service *service, struct client *client);
bool client_has_line(const struct client *client);
// Writes once what the client takes, and gives up on one that takes nothing.
void client_write(struct service *service, struct client *client);
// How much waits to be written.
static inline size_t client_pending(const struct client *client)
{
	return client->output.end - client->output.begin;
}

// output.c: a line is put together by several calls. A client for which there is no room is gone.
void output_text(struct client *client, const char *text, size_t length);
// The beginning of an answer's or item's object, up to and with the comma behind its "id".
void output_begin(struct client *client);
// The rest of `members`, an object, as the end of that object, and the end of the line.
void output_end(struct client *client, const json_t *members);

// Whole answers; the request is then done. `members` may be NULL, and is given away.
void answer_ok(struct client *client, json_t *members);
void answer_items(struct client *client, uint64_t count); // after a list
void answer_error(struct client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
// One line of a list; `item` stays with the caller.
void answer_item(struct client *client, const json_t *item);

// request.c: a line without its end.
void request_serve(struct service *service, struct client *client, const char *line, size_t length);

// What a parameter may be.
enum parameter_type {
	PARAMETER_TEXT,
	PARAMETER_UID,
	PARAMETER_YES,     // true or false
	PARAMETER_COUNT,   // a whole number
	PARAMETER_NUMBER,  // with or without a fraction
	PARAMETER_SPAN,    // seconds, with or without a fraction
	PARAMETER_ACTIONS, // a list of names of actions
};

// The longest span, in seconds; more than any connection lives.
#define SERVICE_SPAN_MOST 9e9

struct parameter {
	const char *name;
	enum parameter_type type;
	bool required;
};

// parameter.c: are there only parameters that the request knows, of their types? Answers with an
// error otherwise.
bool parameter_check(struct client *client, const json_t *request, const char *what,
		     const struct parameter *list, size_t count);
// The value of one that was checked, or what it is without; spans in ns.
const char *parameter_text(const json_t *request, const char *name, const char *otherwise);
uint64_t parameter_count(const json_t *request, const char *name, uint64_t otherwise);
uint64_t parameter_span(const json_t *request, const char *name, uint64_t otherwise);
bool parameter_yes(const json_t *request, const char *name);
uint8_t parameter_actions(const json_t *request);
bool parameter_given(const json_t *request, const char *name);
// The words that there are, and the nearest one where there is one, for the end of a message.
void parameter_suggest(const char *word, const char *const *words, size_t count, char *text,
		       size_t size);

// Where a connection lives.
struct service_place {
	uint32_t worker;
	uint32_t slot;
	uint32_t generation;
};

// show.c: the time where a worker is in its packets, ns since 1970.
uint64_t service_packet_time(const struct service *service, uint32_t worker);
// The place that the parameter "uid" names; answers with an error when it is of another
// run.
bool service_find(struct service *service, struct client *client, const json_t *request,
		  struct service_place *place);
void serve_show(struct service *service, struct client *client, const json_t *request);

// listing.c
void serve_conns(struct service *service, struct client *client, const json_t *request);
// Looks at some more slots, or writes some more items. `slots`: how many it may look at. Inside a
// read section.
void listing_continue(struct service *service, struct client *client, uint32_t slots);
// Does it have something to do in this turn?
bool listing_is_ready(const struct client *client);
// Does it wait for its filter?
bool listing_is_compiling(const struct client *client);
void listing_destroy(struct service *service, struct service_listing *listing);

// exchange.c: sends client->exchange to its worker, and takes its answers; `count` requests are
// filled in but for their numbers.
void exchange_begin(struct service *service, struct client *client);
// Sends what the ring had no room for, and gives up on a worker that does not answer.
void exchange_continue(struct service *service, struct client *client);
void exchange_receive(struct service *service, uint32_t worker);

// change.c: rules that are added, and reloads. What takes long is done aside, and client->change
// says so.
void change_add_rule(struct service *service, struct client *client,
		     const struct watch_rule_settings *rule);
void serve_reload(struct service *service, struct client *client, const json_t *request);
// Looks whether it is prepared, and then applies it and answers.
void change_continue(struct service *service, struct client *client);
// The same for those whose clients are gone, and for reloads that a signal asks for.
void change_continue_left(struct service *service);
// The client is gone. Nothing for NULL.
void change_leave(struct service *service, struct change *change);
// The service ends: what has not been applied is dropped.
void change_end(struct service *service);

// watch.c
void serve_threshold_add(struct service *service, struct client *client, const json_t *request);
void serve_threshold_delete(struct service *service, struct client *client, const json_t *request);
void serve_threshold_list(struct service *service, struct client *client, const json_t *request);
void serve_poll_add(struct service *service, struct client *client, const json_t *request);
void serve_poll_delete(struct service *service, struct client *client, const json_t *request);
void serve_poll_list(struct service *service, struct client *client, const json_t *request);
void serve_timeouts(struct service *service, struct client *client, const json_t *request);

// watch_word.c: names of actions in requests and answers; those of kinds and features: watch_name.h.
#define WATCH_ACTION_COUNT 3
extern const char *const watch_action_word[WATCH_ACTION_COUNT]; // of the bits, lowest first
json_t *watch_action_list(uint8_t actions);
json_t *watch_value(bool span, uint64_t value);

// record.c
struct conn_summary;
// A connection as a JSON object; returns its length.
#define RECORD_TEXT_SIZE 4096
size_t record_format(const struct conn_summary *summary, uint64_t now, char *text);
// ns since 1970.
uint64_t record_last(const struct conn_summary *summary);
