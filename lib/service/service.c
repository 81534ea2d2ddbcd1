/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/message.h"
#include "base/monotonic.h"
#include "base/time.h"
#include "conn/conn_reader.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_TIME (5 * TIME_SECOND)
#define WRITE_TIME  (10 * TIME_SECOND)
#define IDLE_TIME   (10 * TIME_SECOND)
// Slots that all listings together look at in one turn: a millisecond or two.
#define SLOTS_A_TURN  8192
#define SLOTS_A_SLICE 256

static int create_readers(struct service *service)
{
	const struct service_settings *settings = &service->settings;

	service->reader = calloc(settings->worker_count, sizeof(struct conn_reader *));
	if (service->reader == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < settings->worker_count; i++) {
		service->reader[i] = conn_reader_create(settings->workers[i].table);
		if (service->reader[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

struct service *service_create(const struct service_settings *settings)
{
	struct service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		goto no_memory;
	service->settings = *settings;
	service->listener = -1;
	service->answer_time = ANSWER_TIME;
	service->write_time = WRITE_TIME;
	service->idle_time = IDLE_TIME;
	service->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (service->wake < 0 || create_readers(service) < 0)
		goto no_memory;
	if (settings->path == NULL)
		return service;
	service->listener = service_listen(settings->path, settings->mode);
	if (service->listener >= 0 && lstat(settings->path, &service->file) == 0)
		return service;
	service_destroy(service);
	return NULL;

no_memory:
	message_error("no memory for answering requests");
	service_destroy(service);
	return NULL;
}

// Somebody may have put another socket there meanwhile, a second weir for instance.
static void service_unlink(const struct service *service)
{
	struct stat now;

	if (lstat(service->settings.path, &now) == 0 && now.st_dev == service->file.st_dev &&
	    now.st_ino == service->file.st_ino)
		unlink(service->settings.path);
}

void service_destroy(struct service *service)
{
	if (service == NULL)
		return;
	while (service->client_count > 0)
		client_destroy(service, service->client[--service->client_count]);
	change_end(service);
	if (service->listener >= 0) {
		close(service->listener);
		service_unlink(service);
	}
	if (service->wake >= 0)
		close(service->wake);
	for (uint32_t i = 0; service->reader != NULL && i < service->settings.worker_count; i++)
		conn_reader_destroy(service->reader[i]);
	free(service->reader);
	free(service);
}

static void say(int descriptor, const char *text)
{
	send(descriptor, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void refuse(int descriptor)
{
	say(descriptor,
	    "{\"ok\": false, \"error\": \"256 clients are connected already, there is no room "
	    "for more; try again when one of them is done\"}\n");
	close(descriptor);
}

static uint64_t idle_since(const struct client *client)
{
	return client->heard > client->progress ? client->heard : client->progress;
}

// Takes the place of the client that has neither asked nor taken anything for the longest time, if
// that is long enough.
static void make_room(struct service *service)
{
	uint64_t now = monotonic_now(), oldest = now;
	uint32_t found = service->client_count;

	for (uint32_t i = 0; i < service->client_count; i++) {
		const struct client *client = service->client[i];

		if (client->doing != CLIENT_IDLE || client_has_line(client) ||
		    client_pending(client) > 0 || idle_since(client) >= oldest ||
		    now - idle_since(client) < service->idle_time)
			continue;
		oldest = idle_since(client);
		found = i;
	}
	if (found == service->client_count)
		return;
	say(service->client[found]->descriptor,
	    "{\"ok\": false, \"error\": \"nothing was asked for a while, and others need the "
	    "place; connect again\"}\n");
	client_destroy(service, service->client[found]);
	service->client[found] = service->client[--service->client_count];
}

static void accept_clients(struct service *service)
{
	for (int i = 0; i < SERVICE_CLIENTS_MOST; i++) {
		int descriptor = accept4(service->listener, NULL, NULL,
					 SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct client *client;

		if (descriptor < 0) {
			// Without descriptors or memory, the next ones wait until some are free.
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				service->accept_after = monotonic_now() + TIME_SECOND;
			return;
		}
		if (service->client_count == SERVICE_CLIENTS_MOST)
			make_room(service);
		client = service->client_count < SERVICE_CLIENTS_MOST ? client_create(descriptor)
								      : NULL;
		if (client == NULL)
			refuse(descriptor);
		else
			service->client[service->client_count++] = client;
	}
}

// Is there anything to do for it without waiting?
static bool is_ready(const struct client *client)
{
	switch (client->doing) {
	case CLIENT_IDLE:
		return client_has_line(client) && client_pending(client) < SERVICE_OUTPUT_ENOUGH;
	case CLIENT_LISTING:
		return listing_is_ready(client);
	case CLIENT_EXCHANGE:
	case CLIENT_CHANGE:
		return false;
	}
	return false;
}

// Until listings go on, ms.
static int rest_left(const struct service *service)
{
	uint64_t now = monotonic_now();

	if (now >= service->rest_until)
		return 0;
	return (int)((service->rest_until - now + TIME_MILLISECOND - 1) / TIME_MILLISECOND);
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

// How long to wait for the descriptors, ms. Workers cannot wake this thread without a system call,
// so that it looks for their answers; and for what is done aside as well.
static int patience(const struct service *service)
{
	int most = service->left != NULL ? 1 : 1000;

	for (uint32_t i = 0; i < service->client_count; i++) {
		const struct client *client = service->client[i];

		if (client->doing == CLIENT_LISTING && listing_is_ready(client)) {
			most = least(most, rest_left(service));
			continue;
		}
		if (is_ready(client))
			return 0;
		if (client->doing == CLIENT_EXCHANGE || client->doing == CLIENT_CHANGE ||
		    listing_is_compiling(client))
			most = least(most, 1);
		else if (client_pending(client) > 0)
			most = least(most, 100);
	}
	return most;
}

static void wait_for_something(struct service *service)
{
	bool accepting = monotonic_now() >= service->accept_after;
	nfds_t count = 2;

	service->poll[0] = (struct pollfd){.fd = service->wake, .events = POLLIN};
	service->poll[1] = (struct pollfd){.fd = accepting ? service->listener : -1,
					   .events = POLLIN};
	for (uint32_t i = 0; i < service->client_count; i++) {
		const struct client *client = service->client[i];
		short events = 0;

		if (!client->ended && client->filled < SERVICE_LINE_MOST)
			events |= POLLIN;
		if (client_pending(client) > 0)
			events |= POLLOUT;
		service->poll[count++] = (struct pollfd){.fd = client->descriptor,
							 .events = events};
	}
	// Between turns the thread is in no read section, so that nobody waits for it.
	if (poll(service->poll, count, patience(service)) < 0)
		memset(service->poll, 0, sizeof(service->poll));
}

static void close_clients(struct service *service)
{
	for (uint32_t i = 0; i < service->client_count;) {
		if (service->client[i]->gone) {
			client_destroy(service, service->client[i]);
			service->client[i] = service->client[--service->client_count];
		} else {
			i++;
		}
	}
}

static void serve_descriptors(struct service *service, uint32_t count)
{
	uint64_t value;

	if (service->poll[0].revents != 0 && read(service->wake, &value, sizeof(value)) < 0)
		return;
	for (uint32_t i = 0; i < count; i++) {
		struct client *client = service->client[i];
		short got = service->poll[i + 2].revents;

		if (got & POLLIN)
			client_read(client);
		// Both directions are closed: nobody will ever read.
		if (got & (POLLERR | POLLNVAL) ||
		    (got & POLLHUP && (client->doing != CLIENT_IDLE || !client_has_line(client))))
			client->gone = true;
	}
	if (service->poll[1].revents == 0)
		return;
	// Those that are gone make room.
	close_clients(service);
	accept_clients(service);
}

static void continue_listings(struct service *service)
{
	uint64_t begin = monotonic_now();
	uint32_t ready = 0, slots;

	if (begin < service->rest_until)
		return;
	for (uint32_t i = 0; i < service->client_count; i++)
		ready += listing_is_ready(service->client[i]);
	if (ready == 0)
		return;
	slots = SLOTS_A_TURN / ready > SLOTS_A_SLICE ? SLOTS_A_TURN / ready : SLOTS_A_SLICE;
	urcu_qsbr_thread_online();
	for (uint32_t i = 0; i < service->client_count; i++) {
		if (!listing_is_ready(service->client[i]))
			continue;
		listing_continue(service, service->client[i], slots);
		urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_thread_offline();
	service->rest_until = monotonic_now() +
			      service->settings.listing_rest * (monotonic_now() - begin);
}

static void serve_clients(struct service *service)
{
	for (uint32_t i = 0; i < service->settings.worker_count; i++)
		exchange_receive(service, i);
	for (uint32_t i = 0; i < service->client_count; i++) {
		struct client *client = service->client[i];

		if (client->doing == CLIENT_EXCHANGE)
			exchange_continue(service, client);
		else if (client->doing == CLIENT_CHANGE)
			change_continue(service, client);
		client_take_line(service, client);
	}
	continue_listings(service);
	for (uint32_t i = 0; i < service->client_count; i++)
		client_write(service, service->client[i]);
}

static void *run(void *argument)
{
	struct service *service = argument;

	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	while (!atomic_load(&service->stop)) {
		uint32_t count = service->client_count;

		wait_for_something(service);
		serve_descriptors(service, count);
		change_continue_left(service);
		serve_clients(service);
		close_clients(service);
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

int service_start(struct service *service)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&service->thread, NULL, run, service);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result != 0) {
		message_error("no thread can be started for requests: %s", strerror(result));
		return -result;
	}
	pthread_setname_np(service->thread, "weir-service");
	service->running = true;
	return 0;
}

static void wake(struct service *service)
{
	uint64_t one = 1;

	// It cannot fail but for a counter that is full, and then the thread wakes anyway.
	if (write(service->wake, &one, sizeof(one)) < 0)
		return;
}

void service_stop(struct service *service)
{
	if (service == NULL || !service->running)
		return;
	atomic_store(&service->stop, true);
	wake(service);
	pthread_join(service->thread, NULL);
	service->running = false;
}

void service_ask_reload(struct service *service)
{
	atomic_store(&service->reload, true);
	wake(service);
}
