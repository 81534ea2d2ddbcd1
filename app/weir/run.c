/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "run.h"

#include "affinity.h"
#include "captures.h"
#include "base/message.h"
#include "bus/bus.h"
#include "bus/bus_request.h"
#include "capture/clock.h"
#include "capture/port.h"
#include "capture/reader.h"
#include "capture/replay.h"
#include "control/control.h"
#include "dump/dump.h"
#include "log/log_conn.h"
#include "log/log_event.h"
#include "log/log_lock.h"
#include "log/log_watch.h"
#include "log/log_writer.h"
#include "plugin/plugins.h"
#include "requests.h"
#include "rules.h"
#include "settings.h"
#include "worker/expiry.h"
#include "worker/worker.h"

#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Finished connections that may wait for the control core, per worker: a megabyte and a half. A
// file's worker can wait for the log, so that a quarter of them is enough.
#define CHANNEL      4096
#define CHANNEL_FILE 1024

// Everything that a run is made of, in the order in which it starts.
struct program {
	const struct options *options;
	uint32_t workers;
	int lock;
	struct call_rcu_data *reclaimer;
	struct log_writer *writer;
	struct log_stream *conn_log;
	struct log_stream *event_log; // NULL when nobody wants any so far
	struct log_stream *watch_log; // the same
	struct ports *ports;          // live
	struct packet_tunnels tunnel_ports;
	const struct packet_tunnels *tunnels; // those above, or NULL
	struct capture_clock clock;           // live
	struct reader *reader;                // files
	struct expiry_board *expiry;          // files, several workers
	struct replay *replay;                // traces that are replayed
	struct watch_book *book;              // rules
	struct dump *captures;
	struct plugins *plugins;
	pthread_t reader_thread;
	bool reader_runs;
	struct bus_channel **channel; // [workers]
	struct worker **worker;
	pthread_t *thread; // files
	struct control_worker *view;
	struct control *control;
	struct service_worker *served; // [workers]
	struct requests *requests;
};

static bool is_live(const struct program *program)
{
	return program->options->trace_count == 0;
}

static void stop_input(void *context)
{
	struct program *program = context;

	if (program->replay != NULL)
		replay_stop(program->replay);
	if (program->reader != NULL)
		reader_stop(program->reader);
	if (!is_live(program))
		return;
	for (uint32_t i = 0; i < program->workers; i++)
		worker_stop(program->worker[i]);
}

static void every_second(void *context)
{
	struct program *program = context;

	clock_adjust(&program->clock);
}

static double progress(void *context)
{
	const struct program *program = context;

	return program->replay != NULL ? replay_progress(program->replay)
				       : reader_progress(program->reader);
}

static uint64_t missed(void *context)
{
	const struct program *program = context;

	return ports_missed(program->ports);
}

static int lock_directory(struct program *program)
{
	program->lock = log_directory_lock(program->options->config->log.directory);
	return program->lock < 0 ? -1 : 0;
}

// Logs that are wanted only later are opened by the control core.
static int start_log(struct program *program, const struct conn_settings *conn)
{
	uint32_t actions = rules_actions(program->options->config);
	struct log_options log;

	settings_log(program->options->config, is_live(program), &log);
	program->writer = log_writer_create(&log);
	if (program->writer == NULL)
		return -1;
	program->conn_log = log_conn_open(program->writer, 0);
	if (program->conn_log == NULL)
		return -1;
	if (conn->events != 0 || actions & WATCH_ACTION_EVENT) {
		program->event_log = log_event_open(program->writer, 0);
		if (program->event_log == NULL)
			return -1;
	}
	if (actions & WATCH_ACTION_LOG) {
		program->watch_log = log_watch_open(program->writer, 0);
		if (program->watch_log == NULL)
			return -1;
	}
	return 0;
}

static int open_traces(struct program *program, const struct conn_settings *conn)
{
	struct reader_settings reader;

	settings_reader(program->options, conn, &reader);
	reader.tunnels = program->tunnels;
	program->reader = reader_create(&reader);
	if (program->reader == NULL)
		return -1;
	if (program->workers == 1 || conn->timers_a_packet == 0)
		return 0;
	program->expiry = expiry_board_create(program->workers, conn->timers_a_packet);
	return program->expiry != NULL ? 0 : -1;
}

static int open_input(struct program *program, const struct conn_settings *conn)
{
	const struct options *options = program->options;

	if (is_live(program)) {
		struct port_settings ports;

		settings_ports(options, &ports);
		program->ports = ports_open(&ports);
		if (program->ports == NULL)
			return -1;
		clock_start(&program->clock);
		return 0;
	}
	if (options->config->capture.source == CONFIG_SOURCE_REPLAY) {
		struct replay_settings replay;

		settings_replay(options, &replay);
		program->replay = replay_create(&replay);
		return program->replay != NULL ? 0 : -1;
	}
	return open_traces(program, conn);
}

static int create_worker(struct program *program, uint32_t index, const struct conn_settings *conn)
{
	const struct config *config = program->options->config;
	uint32_t room = program->reader != NULL ? CHANNEL_FILE : CHANNEL;
	struct worker_settings settings = {
		.index = index,
		.count = program->workers,
		.conn = *conn,
		.ports = program->ports,
		.clock = &program->clock,
		.reclaimer = program->reclaimer,
		.fragments = config->fragments.maximum,
		.fragment_timeout = config->timeouts.frag_timeout,
		.ignore_checksums = config->capture.ignore_checksums,
		.tunnels = program->tunnels,
		.replay = program->replay,
		.receive_only = config->replay.receive_only,
	};

	settings.watch.log_events = conn->events;
	settings.watch.rules = watch_book_published(program->book);
	settings.captures = dump_ring(program->captures, index);
	settings.capture_bytes = config->captures.size;
	settings.watch.plugin_count = (uint32_t)plugins_count(program->plugins);
	settings.watch.plugins = plugins_worker(program->plugins, index);
	if (settings.watch.plugins == NULL)
		return -1;
	program->channel[index] = bus_channel_create(room);
	if (program->channel[index] == NULL)
		return -1;
	settings.channel = program->channel[index];
	if (requests_wanted(config, is_live(program))) {
		program->served[index].requests = bus_requests_create();
		if (program->served[index].requests == NULL)
			return -1;
		settings.requests = program->served[index].requests;
	}
	if (program->reader != NULL) {
		settings.batches = reader_ring(program->reader, index);
		settings.expiry = program->expiry;
	}
	program->worker[index] = worker_create(&settings);
	if (program->worker[index] == NULL)
		return -1;
	program->view[index] = (struct control_worker){
		.channel = program->channel[index],
		.counters = worker_counters(program->worker[index]),
		.conn = worker_conn_counters(program->worker[index]),
		.watch = worker_watch_counters(program->worker[index]),
	};
	return 0;
}

static int create_workers(struct program *program, const struct conn_settings *conn)
{
	program->channel = calloc(program->workers, sizeof(*program->channel));
	program->served = calloc(program->workers, sizeof(*program->served));
	program->worker = calloc(program->workers, sizeof(*program->worker));
	program->thread = calloc(program->workers, sizeof(*program->thread));
	program->view = calloc(program->workers, sizeof(*program->view));
	if (program->channel == NULL || program->served == NULL || program->worker == NULL ||
	    program->thread == NULL || program->view == NULL) {
		message_error("no memory for %u workers", program->workers);
		return -1;
	}
	for (uint32_t i = 0; i < program->workers; i++) {
		cpu_set_t back;
		int result;

		affinity_go_to_worker(&program->options->config->workers.cores, i, &back);
		result = create_worker(program, i, conn);
		affinity_come_back(&back);
		if (result < 0)
			return -1;
	}
	if (is_live(program) && worker_connect(program->worker, program->workers) < 0)
		return -1;
	return 0;
}

// For SIGHUP.
static void hang_up(void *context)
{
	const struct program *program = context;

	requests_ask_reload(program->requests);
}

static int create_control(struct program *program)
{
	struct control_settings settings = {
		.workers = program->view,
		.worker_count = program->workers,
		.live = is_live(program),
		.writer = program->writer,
		.conn_log = program->conn_log,
		.event_log = program->event_log,
		.watch_log = program->watch_log,
		.plugins =
			{
				.names = plugins_names(program->plugins),
				.workers = plugins_workers(program->plugins),
				.count = (uint32_t)plugins_count(program->plugins),
			},
		.captures = program->captures,
		.stop = stop_input,
		.hang_up = hang_up,
		.context = program,
	};

	if (is_live(program)) {
		settings.second = every_second;
		settings.missed = missed;
	} else {
		settings.progress = progress;
	}
	if (program->reader != NULL)
		settings.input = reader_counters(program->reader);
	program->control = control_create(&settings);
	return program->control != NULL ? 0 : -1;
}

static int open_requests(struct program *program, const struct conn_settings *conn)
{
	struct requests_settings settings = {
		.options = program->options,
		.live = is_live(program),
		.control = program->control,
		.view = program->view,
		.worker_count = program->workers,
		.uid_key = conn->uid_key,
		.book = program->book,
	};

	for (uint32_t i = 0; i < program->workers; i++) {
		program->served[i].table = worker_table(program->worker[i]);
		program->served[i].counters = worker_counters(program->worker[i]);
	}
	settings.workers = program->served;
	program->requests = requests_create(&settings);
	return program->requests != NULL ? 0 : -1;
}

// Signals are for the main thread; those that it starts inherit this.
static void block_signals(bool block)
{
	sigset_t set;

	sigfillset(&set);
	pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

// The thread of a worker that needs no DPDK environment, on its CPU where one is configured.
static int start_thread(struct program *program, uint32_t index)
{
	pthread_attr_t attributes;
	cpu_set_t set;
	int result;

	pthread_attr_init(&attributes);
	if (affinity_of_worker(&program->options->config->workers.cores, index, &set))
		pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	result = pthread_create(&program->thread[index], &attributes,
				program->replay != NULL ? worker_run_replay : worker_run_file,
				program->worker[index]);
	pthread_attr_destroy(&attributes);
	return result;
}

static int start_threads(struct program *program)
{
	int result = 0;

	for (uint32_t i = 0; i < program->workers && result == 0; i++) {
		if (is_live(program))
			result = ports_launch(i, worker_run_ports, program->worker[i]);
		else
			result = start_thread(program, i);
	}
	if (result == 0 && program->reader != NULL) {
		result = pthread_create(&program->reader_thread, NULL, reader_run, program->reader);
		program->reader_runs = result == 0;
		if (result == 0)
			pthread_setname_np(program->reader_thread, "weir-reader");
	}
	if (result != 0) {
		message_error("threads cannot be started: %s",
			      strerror(result < 0 ? -result : result));
		// Some of them may run already and would never end.
		_Exit(1);
	}
	return 0;
}

static int make_rules(struct program *program)
{
	char why[512];

	program->book = watch_book_create(urcu_qsbr_synchronize_rcu);
	if (program->book == NULL) {
		message_error("no memory for rules");
		return -1;
	}
	if (rules_apply(program->book, program->options->config, program->options->filter, why,
			sizeof(why)) == 0)
		return 0;
	message_error("%s", why);
	return -1;
}

static int open_captures(struct program *program)
{
	const struct config *config = program->options->config;

	program->captures = captures_create(config, program->workers, is_live(program),
					    rules_actions(config) & WATCH_ACTION_CAPTURE);
	return program->captures != NULL ? 0 : -1;
}

static int start(struct program *program)
{
	struct conn_settings conn;

	program->tunnels = settings_tunnels(program->options->config, &program->tunnel_ports);
	if (settings_conn(program->options, program->workers, &conn) < 0)
		return -1;
	// The log comes after the input: whoever mistypes that keeps the log of the last run.
	if (make_rules(program) < 0 || lock_directory(program) < 0 ||
	    open_input(program, &conn) < 0 || open_captures(program) < 0 ||
	    start_log(program, &conn) < 0 || create_workers(program, &conn) < 0 ||
	    create_control(program) < 0 || open_requests(program, &conn) < 0)
		return -1;
	return 0;
}

// What a sensor tells when all is well: a terminal or journal without it would look like a program
// that hangs.
static void announce(const struct program *program)
{
	const struct options *options = program->options;

	if (!is_live(program))
		return;
	for (uint32_t i = 0; i < options->device_count; i++)
		message_info("watching %s", options->devices[i]);
	message_info("%u worker%s, connections go to %s/conn.log", program->workers,
		     program->workers == 1 ? "" : "s", options->config->log.directory);
}

static void join_threads(struct program *program)
{
	if (is_live(program)) {
		ports_wait();
		return;
	}
	if (program->reader != NULL)
		pthread_join(program->reader_thread, NULL);
	for (uint32_t i = 0; i < program->workers; i++)
		pthread_join(program->thread[i], NULL);
}

// Returns the exit status. The log is complete before the summary is printed.
static int finish(struct program *program)
{
	int status = 0;

	if (log_writer_finish(program->writer) < 0)
		status = 1;
	if (dump_finish(program->captures) < 0)
		status = 1;
	control_count_lost(program->control);
	if (control_complain_unlogged(program->control))
		status = 1;
	control_print_summary(program->control);
	if (!control_check_books(program->control))
		status = 1;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		message_error("the summary cannot be printed: %s", strerror(errno));
		status = 1;
	}
	if (program->reader != NULL && reader_failures(program->reader) > 0)
		status = 1;
	if (program->replay != NULL && replay_failures(program->replay) > 0)
		status = 1;
	return status;
}

static void clean_up(struct program *program)
{
	const struct config *config = program->options->config;

	requests_stop(program->requests);
	requests_destroy(program->requests);
	control_destroy(program->control);
	log_writer_destroy(program->writer, NULL);
	// Slots may still wait for their grace period.
	urcu_qsbr_barrier();
	if (program->reclaimer != NULL)
		urcu_qsbr_call_rcu_data_free(program->reclaimer);
	for (uint32_t i = 0; program->worker != NULL && i < program->workers; i++)
		worker_destroy(program->worker[i]);
	for (uint32_t i = 0; program->channel != NULL && i < program->workers; i++)
		bus_channel_destroy(program->channel[i]);
	for (uint32_t i = 0; program->served != NULL && i < program->workers; i++)
		bus_requests_destroy(program->served[i].requests);
	dump_destroy(program->captures);
	watch_book_destroy(program->book);
	free(program->served);
	free(program->view);
	free(program->thread);
	free(program->worker);
	free(program->channel);
	reader_destroy(program->reader);
	replay_destroy(program->replay);
	expiry_board_destroy(program->expiry);
	ports_close(program->ports);
	if (program->lock >= 0)
		log_directory_unlock(config->log.directory, program->lock);
}

static void *nothing(void *argument)
{
	return argument;
}

// liburcu ends the program when it gets no thread: so ask before it does.
static bool threads_can_start(void)
{
	pthread_t thread;
	int result = pthread_create(&thread, NULL, nothing, NULL);

	if (result == 0)
		return pthread_join(thread, NULL) == 0;
	message_error("no thread can be started: %s; raise the limit on processes (ulimit -u, "
		      "TasksMax of systemd)",
		      strerror(result));
	return false;
}

int run(const struct options *options)
{
	struct program program = {
		.options = options,
		.workers = options->config->workers.count,
		.lock = -1,
	};
	const struct config_texts *cores = &options->config->workers.cores;
	int status = 1;

	control_catch_signals();
	block_signals(true);
	if (affinity_check(cores, program.workers) < 0)
		return 1;
	affinity_leave_to_workers(cores, program.workers);
	program.plugins = plugins_load(options->config);
	if (program.plugins == NULL)
		return 2;
	// A thread of its own that looks every 10 ms, so that workers never wake it with a system
	// call.
	if (threads_can_start())
		program.reclaimer = urcu_qsbr_create_call_rcu_data(URCU_CALL_RCU_RT, -1);
	if (program.reclaimer != NULL && start(&program) == 0 &&
	    requests_start(program.requests) == 0 && start_threads(&program) == 0) {
		block_signals(false);
		announce(&program);
		control_run(program.control);
		block_signals(true);
		requests_stop(program.requests);
		join_threads(&program);
		status = finish(&program);
	}
	clean_up(&program);
	if (plugins_unload(program.plugins) < 0)
		status = 1;
	return status;
}
