/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "test_log_support.h"

#include "control/control.h"
#include "log/log_event.h"
#include "log/log_watch.h"
#include "watch/watch.h"
#include "watch/watch_name.h"

// What the control core makes of what workers send: here a worker that has sent everything.

#define WORKERS 2

struct bench {
	struct place *place;
	struct log_options options;
	struct bus_channel *channel[WORKERS];
	struct worker_counters counters[WORKERS];
	struct conn_counters conn[WORKERS];
	struct watch_counters watch[WORKERS];
	struct control_worker worker[WORKERS];
	struct control_settings settings;
	struct control *control;
	char *summary, *messages;
	bool complained;
};

static void stop(void *context)
{
	(void)context;
}

static int bench_create(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_int_equal(place_create((void **)&bench->place), 0);
	bench->options.directory = bench->place->directory;
	for (int i = 0; i < WORKERS; i++) {
		bench->channel[i] = bus_channel_create(64);
		assert_non_null(bench->channel[i]);
		bench->worker[i] = (struct control_worker){bench->channel[i], &bench->counters[i],
							   &bench->conn[i], &bench->watch[i]};
		atomic_store(&bench->counters[i].done, true);
	}
	*state = bench;
	return 0;
}

static int bench_destroy(void **state)
{
	struct bench *bench = *state;

	for (int i = 0; i < WORKERS; i++)
		bus_channel_destroy(bench->channel[i]);
	free(bench->summary);
	free(bench->messages);
	place_remove((void **)&bench->place);
	free(bench);
	return 0;
}

static void send_conn(struct bench *bench, unsigned worker, uint64_t number, const char *note)
{
	struct watch_note text = {0};
	struct conn_summary *place;
	size_t room;

	if (note != NULL) {
		text.length = (uint16_t)strlen(note);
		memcpy(text.text, note, text.length);
		assert_true(bus_channel_send_note(bench->channel[worker], &text));
	}
	place = bus_channel_reserve(bench->channel[worker], 1, &room);
	assert_int_equal(room, 1);
	*place = summary_numbered(number);
	place->noted = note != NULL;
	bus_channel_commit(bench->channel[worker], 1);
	bench->conn[worker].created++;
	bench->conn[worker].finished++;
	bench->conn[worker].removed[CONN_REASON_CLOSED]++;
}

static void send_event(struct bench *bench, unsigned worker)
{
	struct conn_event event = {.kind = CONN_EVENT_GENERIC_THRESHOLD,
				   .length = 3,
				   .name = watch_name_number("three")};

	assert_true(bus_channel_send_event(bench->channel[worker], &event));
}

static void send_record(struct bench *bench, unsigned worker)
{
	struct watch_record record = {.conn = summary_example(), .value = 3, .kind = WATCH_PACKETS};

	assert_true(bus_channel_send_record(bench->channel[worker], &record));
}

// Has everything written, and keeps what was printed.
static void run(struct bench *bench)
{
	int fd = open(path_of(bench->place, ".summary"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	int out = dup(STDOUT_FILENO);

	bench->settings.workers = bench->worker;
	bench->settings.worker_count = WORKERS;
	bench->settings.live = true;
	bench->settings.stop = stop;
	messages_begin(bench->place);
	bench->settings.writer = log_writer_create(&bench->options);
	bench->settings.conn_log = log_conn_open(bench->settings.writer, START);
	bench->control = control_create(&bench->settings);
	control_run(bench->control);
	assert_int_equal(log_writer_finish(bench->settings.writer), 0);
	control_count_lost(bench->control);
	bench->complained = control_complain_unlogged(bench->control);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	control_print_summary(bench->control);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(fd);
	assert_true(control_check_books(bench->control));
	bench->messages = messages_end(bench->place);
	bench->summary = read_file(bench->place, ".summary");
	control_destroy(bench->control);
	log_writer_destroy(bench->settings.writer, NULL);
}

// In the summary; -1 when there is no such line.
static long count_of(const struct bench *bench, const char *what)
{
	const char *at = strstr(bench->summary, what);

	return at ? strtol(at + strlen(what), NULL, 10) : -1;
}

static void a_log_is_opened_when_its_first_line_comes(void **state)
{
	struct bench *bench = *state;
	char *text;

	for (unsigned i = 0; i < 50; i++)
		send_event(bench, i % WORKERS);
	for (unsigned i = 0; i < 20; i++)
		send_record(bench, i % WORKERS);
	send_conn(bench, 0, 0, NULL);
	run(bench);
	assert_false(bench->complained);
	text = read_file(bench->place, "events.log");
	assert_non_null(text);
	assert_int_equal(count_text(text, "\t3\t-\tthree\n"), 50);
	free(text);
	text = read_file(bench->place, "watch.log");
	assert_non_null(text);
	assert_int_equal(count_text(text, "\tpkts\t3\t"), 20);
	free(text);
	assert_int_equal(count_of(bench, "events logged"), 50);
	assert_int_equal(count_of(bench, "watch.log: logged"), 20);
	assert_string_equal(bench->messages, "");
}

static void a_log_that_nobody_needs_is_not_there(void **state)
{
	struct bench *bench = *state;

	send_conn(bench, 0, 0, NULL);
	run(bench);
	assert_int_equal(count_files(bench->place, ""), 1);
	assert_int_equal(count_of(bench, "events"), -1);
	assert_int_equal(count_of(bench, "watch.log"), -1);
	assert_int_equal(count_of(bench, "thresholds"), -1);
}

static void a_log_that_cannot_be_opened_is_told_once_and_counted(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(mkdir(path_of(bench->place, "watch.log"), 0700), 0);
	for (unsigned i = 0; i < 10; i++) {
		send_record(bench, i % WORKERS);
		send_event(bench, i % WORKERS);
		send_conn(bench, i % WORKERS, i, NULL);
	}
	run(bench);
	assert_int_equal(rmdir(path_of(bench->place, "watch.log")), 0);
	assert_true(bench->complained);
	assert_int_equal(count_text(bench->messages, "watch.log: cannot open: Is a directory"), 1);
	assert_int_equal(count_text(bench->messages, "10 lines of watch.log could not be logged"),
			 1);
	assert_int_equal(count_text(bench->messages, "\n"), 2);
	assert_int_equal(count_of(bench, "watch.log: not logged, it cannot be opened"), 10);
	assert_int_equal(count_of(bench, "watch.log: logged"), -1);
	assert_int_equal(count_of(bench, "events logged"), 10);
	assert_int_equal(check_files(bench->place, 10).lines, 10);
}

static void notes_come_with_their_connections(void **state)
{
	struct bench *bench = *state;
	char *text;

	bench->options.columns = 1 << LOG_CONN_NOTES;
	bench->options.format = LOG_FORMAT_JSON;
	send_conn(bench, 0, 0, "first=0");
	send_conn(bench, 0, 1, NULL);
	send_conn(bench, 1, 2, NULL);
	send_conn(bench, 0, 3, "first=3,second=3");
	send_conn(bench, 1, 4, "first=4");
	run(bench);
	text = read_file(bench->place, "conn.log");
	assert_int_equal(count_text(text, "\n"), 5);
	assert_int_equal(count_text(text, "notes"), 3);
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char number = strstr(line, "\"missed_bytes\":")[15];
		const char *notes = strstr(line, "\"notes\":[\"first=");

		assert_true((number == '0' || number == '3' || number == '4') ==
			    (notes != NULL && notes < end));
		assert_true(notes == NULL || notes > end || notes[16] == number);
	}
	assert_int_equal(count_text(text, "\"notes\":[\"first=3\",\"second=3\"]}"), 1);
	free(text);
}

static void notes_that_nobody_wants_are_taken_nevertheless(void **state)
{
	struct bench *bench = *state;
	struct watch_note note;

	for (unsigned i = 0; i < 20; i++)
		send_conn(bench, i % WORKERS, i, i % 3 ? "a=b" : NULL);
	run(bench);
	assert_int_equal(check_files(bench->place, 20).lines, 20);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_false(bus_channel_receive_note(bench->channel[i], &note));
}

static void the_summary_adds_up_what_was_watched(void **state)
{
	struct bench *bench = *state;

	send_conn(bench, 0, 0, NULL);
	for (uint64_t i = 0; i < WORKERS; i++) {
		bench->watch[i] = (struct watch_counters){.thresholds = 1 + i,
							  .polls = 2 + i,
							  .hooks = 3 + i,
							  .captured = 4 + i,
							  .short_of = 5 + i,
							  .unset = 6 + i,
							  .rules_late = 7 + i};
		bench->counters[i].events_lost = 8 + i;
		bench->counters[i].records_lost = 9 + i;
	}
	run(bench);
	assert_int_equal(count_of(bench, "thresholds crossed"), 3);
	assert_int_equal(count_of(bench, "looks of polls"), 5);
	assert_int_equal(count_of(bench, "removal hooks that ran"), 7);
	assert_int_equal(count_of(bench, "packets for captures"), 9);
	assert_int_equal(count_of(bench, "thresholds, polls, hooks: no memory left"), 11);
	assert_int_equal(count_of(bench, "connections without rules: no memory left"), 13);
	assert_int_equal(count_of(bench, "new rules had to wait for old connections"), 15);
	assert_int_equal(count_of(bench, "events lost, the log did not keep up"), 17);
	assert_int_equal(count_of(bench, "watch.log: lost, the log did not keep up"), 19);
}

static void the_summary_tells_how_long_plugins_took(void **state)
{
	static const char *const names[] = {"talkers", "idle"};
	struct watch_plugin first[] = {{.calls = 3, .cycles = 3000}, {0}};
	struct watch_plugin second[] = {{.calls = 1, .cycles = 1000}, {0}};
	const struct watch_plugin *workers[WORKERS] = {first, second};
	struct bench *bench = *state;

	send_conn(bench, 0, 0, NULL);
	bench->settings.plugins = (struct control_plugins){names, workers, 2};
	run(bench);
	assert_non_null(strstr(bench->summary, "  plugin talkers: 4 calls, 0.00"));
	assert_int_equal(count_text(bench->summary, " ns a call\n"), 2);
	assert_non_null(
		strstr(bench->summary, "  plugin idle: 0 calls, 0.000 ms in all, 0 ns a call\n"));
	assert_null(strstr(bench->summary, " 4 calls, 0.000 ms in all, 0 ns"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_create, bench_destroy)
	const struct CMUnitTest tests[] = {
		TEST(a_log_is_opened_when_its_first_line_comes),
		TEST(a_log_that_nobody_needs_is_not_there),
		TEST(a_log_that_cannot_be_opened_is_told_once_and_counted),
		TEST(notes_come_with_their_connections),
		TEST(notes_that_nobody_wants_are_taken_nevertheless),
		TEST(the_summary_adds_up_what_was_watched),
		TEST(the_summary_tells_how_long_plugins_took),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
