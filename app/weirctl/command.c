/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "command.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define OPTIONS(list)   list, COUNT_OF(list)

static const struct command_option conns_options[] = {
	{"filter", "filter", OPTION_TEXT},
	{"sort", "sort", OPTION_SORT},
	{"limit", "limit", OPTION_LIMIT},
	{"reverse", "reverse", OPTION_FLAG},
};

static const struct command_option threshold_add_options[] = {
	{"filter", "filter", OPTION_TEXT},
	{"name", "name", OPTION_NAME},
	{"orig-bytes", "orig_bytes", OPTION_SIZE},
	{"resp-bytes", "resp_bytes", OPTION_SIZE},
	{"orig-pkts", "orig_pkts", OPTION_COUNT},
	{"resp-pkts", "resp_pkts", OPTION_COUNT},
	{"pkts", "pkts", OPTION_COUNT},
	{"duration", "duration", OPTION_SPAN},
	{"idle", "idle", OPTION_FLAG},
	{"action", "actions", OPTION_ACTIONS},
};

static const struct command_option threshold_delete_options[] = {
	{"orig-bytes", "orig_bytes", OPTION_SIZE},
	{"resp-bytes", "resp_bytes", OPTION_SIZE},
	{"orig-pkts", "orig_pkts", OPTION_COUNT},
	{"resp-pkts", "resp_pkts", OPTION_COUNT},
	{"pkts", "pkts", OPTION_COUNT},
	{"duration", "duration", OPTION_SPAN},
};

static const struct command_option poll_add_options[] = {
	{"filter", "filter", OPTION_TEXT},      {"name", "name", OPTION_NAME},
	{"feature", "feature", OPTION_FEATURE}, {"above", "above", OPTION_ABOVE},
	{"interval", "interval", OPTION_SPAN},  {"repeat", "repeat", OPTION_FLAG},
	{"action", "actions", OPTION_ACTIONS},
};

static const struct command_option poll_delete_options[] = {
	{"feature", "feature", OPTION_FEATURE},
	{"above", "above", OPTION_ABOVE},
};

#define VALUES                                                                                     \
	"  --orig-bytes SIZE, --resp-bytes SIZE       bytes of one side, headers included\n"       \
	"  --orig-pkts N, --resp-pkts N               packets of one side\n"                       \
	"  --pkts N                                   packets of both sides\n"                     \
	"  --duration TIME                            since the first packet\n"

#define ACTIONS                                                                                    \
	"  --action LIST     what happens then, one or more of event (a line in events.log), log " \
	"(a\n                    line in watch.log) and capture (its packets go to a file); "      \
	"event, if\n                    nothing is said\n"

const struct command commands[] = {
	{"status", "", "what weir does: workers, packets, connections, rules",
	 "Example:\n  weirctl status\n", .print = print_status},
	{"conns", "[--filter FILTER] [--sort KEY] [--limit N] [--reverse]",
	 "the connections that live now",
	 "  --filter FILTER   only those that match, written as for tcpdump: addresses, ports "
	 "and\n                    protocol, from the originator to the responder; nothing else of "
	 "a\n                    packet is known any more; vlan only where [log] columns has it\n"
	 "  --sort KEY        start, duration, idle, orig_bytes, resp_bytes, bytes or packets, "
	 "the\n"
	 "                    greatest first; none: as they are found, which is the quickest\n"
	 "                    (default: start)\n"
	 "  --reverse         the smallest first\n"
	 "  --limit N         at most so many, up to 1000000 (default: 100)\n"
	 "\nExample: those that take up most of the link\n"
	 "  weirctl conns --filter 'tcp port 443' --sort bytes --limit 20\n",
	 .options = conns_options, .option_count = COUNT_OF(conns_options),
	 .complete = complete_conns, .print = print_end},
	{"show",
	 "UID",
	 "all about one connection that lives",
	 "Also its thresholds and polls, and how long it may be quiet (inactivity).\n\nExample:\n  "
	 "weirctl show CHhAvVGS1DHFjwGM9\n",
	 {WORD_UID},
	 1,
	 .print = print_connection,
	 .shows = true},
	{"threshold add",
	 "(UID | NAME --filter FILTER) VALUE... [--idle] [--action LIST]",
	 "have something done when a connection gets past a value",
	 "With a uid: for that connection. With a name and a filter: a rule for all connections "
	 "that\nbegin from now on; '' is the filter that matches all.\n\n" VALUES
	 "  --idle            with --duration: also while no packet comes\n" ACTIONS
	 "  --name NAME       with a uid: a name for the event\n"
	 "\nExamples: one connection, and all from a network\n"
	 "  weirctl threshold add CHhAvVGS1DHFjwGM9 --orig-bytes 1MiB --action log\n"
	 "  weirctl threshold add uploads --filter 'src net 10.0.0.0/8' --orig-bytes 1GiB "
	 "--duration 1h --idle\n",
	 {WORD_WHO},
	 1,
	 OPTIONS(threshold_add_options),
	 .complete = complete_threshold_add,
	 .print = print_fired,
	 .compiles = true},
	{"threshold del",
	 "(UID VALUE... | NAME)",
	 "take a threshold or a rule back",
	 "With a uid: that connection's thresholds with these values. With a name: the "
	 "rule.\n\n" VALUES
	 "\nExamples:\n  weirctl threshold del CHhAvVGS1DHFjwGM9 --orig-bytes 1MiB\n"
	 "  weirctl threshold del uploads\n",
	 {WORD_WHO},
	 1,
	 OPTIONS(threshold_delete_options),
	 .complete = complete_threshold_delete,
	 .print = print_nothing},
	{"threshold list",
	 "[UID]",
	 "the rules, or the thresholds of a connection",
	 "Example:\n  weirctl threshold list\n",
	 {WORD_UID},
	 0,
	 .print = print_end},
	{"poll add",
	 "(UID | NAME --filter FILTER) --feature FEATURE --above N --interval TIME [--repeat] "
	 "[--action LIST]",
	 "look at a connection again and again",
	 "With a uid: that connection. With a name and a filter: a rule for all connections that "
	 "begin\nfrom now on; '' is the filter that matches all.\n\n"
	 "  --feature FEATURE  orig_bytes, resp_bytes, bytes, orig_pkts, resp_pkts, pkts,\n"
	 "                     rate (bytes a second since the last look), packet_rate, duration "
	 "or idle\n"
	 "  --above N          the value above which something happens: a size, a number or a "
	 "time\n"
	 "  --interval TIME    how often\n"
	 "  --repeat           go on after it happened\n" ACTIONS
	 "  --name NAME        with a uid: a name for the event\n"
	 "\nExamples: more than 10 MB a second, seen every 5 seconds\n"
	 "  weirctl poll add CHhAvVGS1DHFjwGM9 --feature rate --above 10MB --interval 5s\n"
	 "  weirctl poll add fast --filter 'tcp' --feature rate --above 10MB --interval 5s "
	 "--repeat\n",
	 {WORD_WHO},
	 1,
	 OPTIONS(poll_add_options),
	 .complete = complete_poll_add,
	 .print = print_fired,
	 .compiles = true},
	{"poll del",
	 "(UID --feature FEATURE --above N | NAME)",
	 "take a poll or a rule back",
	 "Examples:\n  weirctl poll del CHhAvVGS1DHFjwGM9 --feature rate --above 10MB\n"
	 "  weirctl poll del fast\n",
	 {WORD_WHO},
	 1,
	 OPTIONS(poll_delete_options),
	 .complete = complete_poll_delete,
	 .print = print_nothing},
	{"poll list",
	 "[UID]",
	 "the rules, or the polls of a connection",
	 "Example:\n  weirctl poll list CHhAvVGS1DHFjwGM9\n",
	 {WORD_UID},
	 0,
	 .print = print_end},
	{"timeouts",
	 "[UID INACTIVITY]",
	 "the configured times, or another one for a connection",
	 "With a uid: that connection ends when nothing was heard of it for so long; 0: never.\n\n"
	 "Example:\n  weirctl timeouts CHhAvVGS1DHFjwGM9 2h\n",
	 {WORD_UID, WORD_SPAN},
	 0,
	 .print = print_timeouts},
	{"reload", "", "read the configuration again: rules, and [inactivity]",
	 "What is wrong is told, and then everything stays as it was. What else was changed is "
	 "told,\n"
	 "too: it needs a restart. The signal HUP does the same and opens the logs anew.\n\n"
	 "Example:\n  weirctl reload\n",
	 .print = print_note, .compiles = true},
};

const size_t command_count = COUNT_OF(commands);
