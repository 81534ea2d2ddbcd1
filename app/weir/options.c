/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "options.h"

#include "idle.h"
#include "rules.h"
#include "settings.h"

#include "base/message.h"
#include "plugin/plugins.h"
#include "weir/version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_CHECK = 256, OPTION_SET, OPTION_VERSION };

static const struct option long_options[] = {
	{"read", required_argument, NULL, 'r'},
	{"interface", required_argument, NULL, 'i'},
	{"config", required_argument, NULL, 'c'},
	{"log-directory", required_argument, NULL, 'l'},
	{"ignore-checksums", no_argument, NULL, 'C'},
	{"workers", required_argument, NULL, 'w'},
	{"set", required_argument, NULL, OPTION_SET},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void print_help(void)
{
	puts("weir watches network traffic and writes one line for each connection to conn.log.\n"
	     "\n"
	     "  weir -r FILE... [options]   read traces (pcap or pcapng, also gzipped; - is "
	     "standard input)\n"
	     "  weir -i DEV [...] [options] watch devices: a network interface, a PCI address, or "
	     "a DPDK\n"
	     "                              virtual device (net_pcap0,rx_pcap=FILE)\n"
	     "  weir -c INI [options]       watch the devices that a configuration file names\n"
	     "  weir --check -c INI         say what is wrong with a configuration, and exit\n"
	     "\n"
	     "  -l, --log-directory DIR     where the logs go (default: the current directory)\n"
	     "  -C, --ignore-checksums      accept packets with wrong checksums\n"
	     "  -w, --workers N             number of worker threads (default 1)\n"
	     "  -c, --config INI            read a configuration file\n"
	     "      --set SECTION.KEY=VALUE set one key, after the file; may be repeated\n"
	     "      --version, -h, --help\n"
	     "\n"
	     "Signals: TERM and INT end weir and log what is live, HUP reads the rules again and "
	     "opens the logs anew (after "
	     "they were\n"
	     "moved away), USR1 prints a summary. Exit status: 0 done, 1 the run failed, 2 the "
	     "command line or\n"
	     "the configuration is wrong.");
}

// What stands after an option that takes several values belongs to that option.
struct lists {
	const char ***list;
	uint32_t *count;
};

static int apply(struct config *config, const char *key, const char *value)
{
	char assignment[4200];

	if (snprintf(assignment, sizeof(assignment), "%s=%s", key, value) >=
	    (int)sizeof(assignment)) {
		message_error("the value of %s is too long", key);
		return -1;
	}
	return config_set(config, assignment);
}

// What the command line sets, for after the file is read; -w and --set in their order, one an
// argument at most.
struct options_settings {
	const char *file;
	const char *directory;
	bool ignore_checksums;
	const char **key;
	const char **value;
	uint32_t count;
};

static void remember(struct options_settings *settings, const char *key, const char *value)
{
	settings->key[settings->count] = key;
	settings->value[settings->count++] = value;
}

static enum options_result take(struct options *options, struct options_settings *settings,
				struct lists *lists, int option)
{
	switch (option) {
	case 'r':
		options->traces[options->trace_count++] = optarg;
		*lists = (struct lists){&options->traces, &options->trace_count};
		return OPTIONS_RUN;
	case 'i':
		options->devices[options->device_count++] = optarg;
		*lists = (struct lists){&options->devices, &options->device_count};
		return OPTIONS_RUN;
	case 1:
		if (lists->list == NULL) {
			message_error("'%s' stands alone; to read a trace write: weir -r %s",
				      optarg, optarg);
			return OPTIONS_WRONG;
		}
		(*lists->list)[(*lists->count)++] = optarg;
		return OPTIONS_RUN;
	case 'c':
		if (settings->file != NULL) {
			message_error(
				"-c %s: a configuration was already given with -c %s; give one",
				optarg, settings->file);
			return OPTIONS_WRONG;
		}
		settings->file = optarg;
		break;
	case 'l':
		settings->directory = optarg;
		break;
	case 'C':
		settings->ignore_checksums = true;
		break;
	case 'w':
		if (strspn(optarg, "0123456789") != strlen(optarg) || atoi(optarg) < 1 ||
		    atoi(optarg) > 64) {
			message_error("-w %s: give a number of workers from 1 to 64", optarg);
			return OPTIONS_WRONG;
		}
		remember(settings, "workers.count", optarg);
		break;
	case OPTION_SET:
		remember(settings, NULL, optarg);
		break;
	case OPTION_CHECK:
		options->check = true;
		break;
	case OPTION_VERSION:
		puts("weir " WEIR_VERSION);
		return OPTIONS_EXIT;
	case 'h':
		print_help();
		return OPTIONS_EXIT;
	default:
		return OPTIONS_WRONG;
	}
	*lists = (struct lists){0};
	return OPTIONS_RUN;
}

static int set_directory(struct config *config, const char *directory)
{
	char *copy = *directory != '\0' ? strdup(directory) : NULL;

	if (copy == NULL) {
		message_error("-l: give a directory");
		return -1;
	}
	free(config->log.directory);
	config->log.directory = copy;
	return 0;
}

static int configure(struct config *config, const struct options_settings *settings)
{
	uint32_t events, columns;
	int result = 0;

	if (settings->file != NULL && config_load(config, settings->file) < 0)
		result = -1;
	for (uint32_t i = 0; i < settings->count; i++) {
		int set = settings->key[i] != NULL
				  ? apply(config, settings->key[i], settings->value[i])
				  : config_set(config, settings->value[i]);

		if (set < 0)
			result = -1;
	}
	if (settings->ignore_checksums)
		config->capture.ignore_checksums = true;
	// Not through the configuration's syntax: a path may begin or end with blanks.
	if (settings->directory != NULL && set_directory(config, settings->directory) < 0)
		result = -1;
	if (result == 0 && (config_finish(config) < 0 || settings_events(config, &events) < 0 ||
			    settings_columns(config, &columns) < 0))
		result = -1;
	return result;
}

// A pipe gave away what it had the first time, and would be waited for.
static bool can_be_read_again(const char *path)
{
	struct stat file;

	if (path == NULL || stat(path, &file) < 0 || S_ISREG(file.st_mode))
		return true;
	message_error("%s: is no file, so that it cannot be read a second time; start weir with -c "
		      "and a file",
		      path);
	return false;
}

struct config *options_configure(const struct options *options)
{
	struct config *config;

	if (!can_be_read_again(options->settings->file))
		return NULL;
	config = config_create();
	if (config == NULL) {
		message_error("no memory for the configuration");
		return NULL;
	}
	if (configure(config, options->settings) == 0)
		return config;
	config_destroy(config);
	return NULL;
}

static enum options_result check_input(struct options *options, bool has_file)
{
	const struct config *config = options->config;

	if (options->check) {
		if (plugins_check(config) < 0)
			return OPTIONS_WRONG;
		puts(has_file ? "the configuration is good" : "the settings are good");
		return OPTIONS_EXIT;
	}
	if (options->trace_count > 0 && options->device_count > 0) {
		message_error("-r reads traces and -i watches devices; give one of the two");
		return OPTIONS_WRONG;
	}
	if (options->trace_count > 0)
		return OPTIONS_RUN;
	if (config->capture.source == CONFIG_SOURCE_REPLAY) {
		message_error("%s[capture] source: a replay needs traces; give them with -r FILE",
			      config_place(config, "capture", "source"));
		return OPTIONS_WRONG;
	}
	if (options->device_count == 0) {
		options->devices = realloc(options->devices,
					   (config->capture.interfaces.count + 1) * sizeof(char *));
		if (options->devices == NULL)
			return OPTIONS_WRONG;
		for (size_t i = 0; i < config->capture.interfaces.count; i++)
			options->devices[options->device_count++] =
				config->capture.interfaces.item[i];
	}
	if (options->device_count > 0)
		return OPTIONS_RUN;
	message_error("nothing to watch: give traces with -r FILE, devices with -i DEV, or "
		      "[capture] interfaces in a configuration; 'weir --help' tells more");
	return OPTIONS_WRONG;
}

static int compile_filters(struct options *options)
{
	options->filter = rules_filters(options->config, NULL);
	if (options->filter != NULL)
		return rules_compile(options->config, options->filter);
	message_error("no memory for rules");
	return -1;
}

enum options_result options_read(struct options *options, int argc, char **argv)
{
	struct options_settings *settings = calloc(1, sizeof(*settings));
	enum options_result result = OPTIONS_RUN;
	struct lists lists = {0};
	int option;

	if (settings == NULL)
		return OPTIONS_WRONG;
	options->settings = settings;
	options->traces = calloc((size_t)argc + 1, sizeof(char *));
	options->devices = calloc((size_t)argc + 1, sizeof(char *));
	settings->key = calloc((size_t)argc + 1, sizeof(char *));
	settings->value = calloc((size_t)argc + 1, sizeof(char *));
	options->config = config_create();
	if (options->traces == NULL || options->devices == NULL || settings->key == NULL ||
	    settings->value == NULL || options->config == NULL)
		result = OPTIONS_WRONG;
	// The minus: operands are given in their place, as option 1.
	opterr = 0;
	while (result == OPTIONS_RUN &&
	       (option = getopt_long(argc, argv, "-:r:i:c:l:w:Ch", long_options, NULL)) != -1) {
		if (option == '?' || option == ':')
			message_error("%s: %s; 'weir --help' lists the options", argv[optind - 1],
				      option == ':'
					      ? "a value must follow"
					      : "there is no such option, or it takes no value");
		result = take(options, settings, &lists, option);
	}
	if (result == OPTIONS_RUN && optind < argc) {
		message_error(
			"'%s': operands after -- are not known; to read a trace write: weir -r %s",
			argv[optind], argv[optind]);
		result = OPTIONS_WRONG;
	}
	if (result == OPTIONS_RUN)
		result = configure(options->config, settings) == 0 && compile_filters(options) == 0
				 ? OPTIONS_RUN
				 : OPTIONS_WRONG;
	if (result == OPTIONS_RUN)
		idle_check(options->config, options->config);
	if (result == OPTIONS_RUN)
		result = check_input(options, settings->file != NULL);
	return result;
}

void options_free(struct options *options)
{
	if (options->settings != NULL) {
		free(options->settings->key);
		free(options->settings->value);
	}
	free(options->settings);
	free(options->traces);
	free(options->devices);
	if (options->config != NULL)
		rules_drop(options->config, options->filter);
	config_destroy(options->config);
}
