/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/eal.h"

#include "base/message.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MOST 96
#define CPUS_TEXT      1024
#define LCORES_TEXT    16384

// What DPDK writes while it starts goes here instead of to the terminal: its last complaint becomes
// part of our one line.
static FILE *complaints;
static char *complaints_text;
static size_t complaints_size;
static size_t complaints_seen;
static bool on_hugepages;

static uint64_t read_number(const char *directory, const char *file)
{
	char path[600];
	unsigned long long number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/%s", directory, file);
	stream = fopen(path, "r");
	if (stream == NULL)
		return 0;
	if (fscanf(stream, "%llu", &number) != 1)
		number = 0;
	fclose(stream);
	return number;
}

// Bytes of huge pages that nobody uses.
static uint64_t free_hugepages(void)
{
	DIR *directory = opendir("/sys/kernel/mm/hugepages");
	uint64_t total = 0;
	struct dirent *entry;

	if (directory == NULL)
		return 0;
	while ((entry = readdir(directory)) != NULL) {
		unsigned long long kilobytes;

		if (sscanf(entry->d_name, "hugepages-%llukB", &kilobytes) == 1)
			total += kilobytes * 1024 * read_number(entry->d_name, "free_hugepages");
	}
	closedir(directory);
	return total;
}

void eal_forget(void)
{
	if (complaints == NULL)
		return;
	fflush(complaints);
	complaints_seen = complaints_size;
}

const char *eal_reason(void)
{
	static char line[400];
	const char *start;
	size_t length;

	if (complaints == NULL)
		return "no reason was given";
	fflush(complaints);
	if (complaints_size <= complaints_seen)
		return "no reason was given";
	// The first line is nearest to the cause; those after it say who else failed because of it.
	start = complaints_text + complaints_seen;
	length = strcspn(start, "\n");
	while (length > 0 && strchr(" .", start[length - 1]) != NULL)
		length--;
	snprintf(line, sizeof(line), "%.*s", (int)length, start);
	return line;
}

// The CPUs that the calling thread may run on, as "0,2-5".
static void list_own_cpus(char *text, size_t size)
{
	size_t length = 0, last;
	cpu_set_t set;

	// It fails on machines with more CPUs than fit.
	if (sched_getaffinity(0, sizeof(set), &set) < 0) {
		snprintf(text, size, "0-%ld", sysconf(_SC_NPROCESSORS_ONLN) - 1);
		return;
	}
	for (size_t cpu = 0; cpu < CPU_SETSIZE && length < size; cpu = last + 1) {
		last = cpu;
		if (!CPU_ISSET(cpu, &set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
			last++;
		length += (size_t)snprintf(text + length, size - length, "%s%zu-%zu",
					   length == 0 ? "" : ",", cpu, last);
	}
}

// lcore 0 is control, 1 to N the workers. Each of these has the CPU that it was given, or is where
// the calling thread may be, as control is.
static void map_lcores(const struct port_settings *settings, char *text, size_t size)
{
	char own[CPUS_TEXT];
	size_t length;

	list_own_cpus(own, sizeof(own));
	length = (size_t)snprintf(text, size, "--lcores=0@(%s)", own);
	for (uint32_t i = 0; i < settings->workers && length < size; i++) {
		if (i < settings->core_count)
			length += (size_t)snprintf(text + length, size - length, ",%u@%s", i + 1,
						   settings->cores[i]);
		else
			length += (size_t)snprintf(text + length, size - length, ",%u@(%s)", i + 1,
						   own);
	}
}

// Huge pages are a must for cards, which read and write memory by themselves, and a gain for the
// rest.
static int choose_memory(const struct port_settings *settings, bool cards, uint64_t needed)
{
	uint64_t found = settings->hugepages ? free_hugepages() : 0;

	on_hugepages = found >= needed;
	if (on_hugepages)
		return 0;
	if (cards) {
		message_error("too few huge pages: %llu MiB are free and %llu MiB are needed; "
			      "reserve some with 'deploy/hugepages reserve %lluM', or lower "
			      "[capture] descriptors or buffers",
			      (unsigned long long)(found >> 20), (unsigned long long)(needed >> 20),
			      (unsigned long long)(needed >> 20));
		return -ENOMEM;
	}
	return 0;
}

// rte_eal_init(), without the page of usage that it prints when an argument is wrong: these are not
// the arguments that the user gave.
static int init_quietly(int count, char **arguments)
{
	static const int stream[2] = {STDOUT_FILENO, STDERR_FILENO};
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int kept[2], result;

	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		kept[i] = nowhere >= 0 ? fcntl(stream[i], F_DUPFD_CLOEXEC, 3) : -1;
		if (kept[i] >= 0)
			dup2(nowhere, stream[i]);
	}
	result = rte_eal_init(count, arguments);
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		if (kept[i] < 0)
			continue;
		dup2(kept[i], stream[i]);
		close(kept[i]);
	}
	if (nowhere >= 0)
		close(nowhere);
	return result;
}

int eal_start(const struct port_settings *settings, const char *const *pci, uint32_t pci_count,
	      uint64_t memory)
{
	char lcores[LCORES_TEXT], megabytes[32];
	const char *arguments[ARGUMENTS_MOST] = {"weir", lcores, "--no-telemetry"};
	int count = 3, result;

	if (pci_count + settings->eal_count + 12 > ARGUMENTS_MOST) {
		message_error("[capture] eal: too many arguments, at most %u fit",
			      ARGUMENTS_MOST - 12 - pci_count);
		return -E2BIG;
	}
	result = choose_memory(settings, pci_count > 0, memory);
	if (result < 0)
		return result;
	complaints = open_memstream(&complaints_text, &complaints_size);
	if (complaints != NULL)
		rte_openlog_stream(complaints);
	rte_log_set_global_level(RTE_LOG_WARNING);
	map_lcores(settings, lcores, sizeof(lcores));
	snprintf(megabytes, sizeof(megabytes), "%llu", (unsigned long long)(memory >> 20));
	if (on_hugepages) {
		arguments[count++] = "--in-memory";
	} else {
		arguments[count++] = "--no-huge";
		arguments[count++] = "--no-shconf";
		arguments[count++] = "-m";
		arguments[count++] = megabytes;
	}
	if (pci_count == 0)
		arguments[count++] = "--no-pci";
	for (uint32_t i = 0; i < pci_count; i++) {
		arguments[count++] = "-a";
		arguments[count++] = pci[i];
	}
	for (uint32_t i = 0; i < settings->eal_count; i++)
		arguments[count++] = settings->eal[i];
	result = init_quietly(count, (char **)(uintptr_t)arguments);
	if (result < 0) {
		message_error("the DPDK environment does not start: %s (%s); look at [capture] "
			      "memory, hugepages and eal, and at [workers] cores",
			      eal_reason(), rte_strerror(rte_errno));
		return -rte_errno;
	}
	return 0;
}
