/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As much of an expression as is shown in a message.
#define SHOWN            60

#define IPV4_HEADER_MOST 60

// Characters that libpcap's scanner takes for parts of a name.
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

// Is `vlan` one of the expression's words? A backslash makes a name of it.
static bool speaks_of_vlans(const char *expression)
{
	static const char word[] = "vlan";
	const size_t length = sizeof(word) - 1;

	for (const char *at = expression; (at = strstr(at, word)) != NULL; at += length) {
		bool begins = at == expression || (!is_word(at[-1]) && at[-1] != '\\');

		if (begins && !is_word(at[length]))
			return true;
	}
	return false;
}

static void explain(const char *expression, const char *error, char *why, size_t size)
{
	bool all = strlen(expression) <= SHOWN;

	snprintf(why, size,
		 "the filter '%.*s%s' is not understood: %s; it is written as for tcpdump, such as "
		 "'tcp port 80 and net 10.0.0.0/8' (man pcap-filter)",
		 SHOWN, expression, all ? "" : "...", error);
}

// The optimizer of libpcap refuses what can never match, and also gives up now and then: what it
// does not like is run as it stands.
static bool compile(struct filter *filter, const char *expression, char *why, size_t size)
{
	// The longest frame that there is.
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535 + 40 + FILTER_LINK + 2 * FILTER_TAG);
	bool optimize = strlen(expression) <= FILTER_OPTIMIZED_MOST, done;

	if (pcap == NULL) {
		snprintf(why, size, "there is no memory to compile a filter");
		return false;
	}
	done = pcap_compile(pcap, &filter->program, expression, optimize, PCAP_NETMASK_UNKNOWN) ==
	       0;
	if (!done && optimize) {
		filter->nothing = strstr(pcap_geterr(pcap), "rejects all packets") != NULL;
		done = pcap_compile(pcap, &filter->program, expression, 0, PCAP_NETMASK_UNKNOWN) ==
		       0;
	}
	if (!done)
		explain(expression, pcap_geterr(pcap), why, size);
	pcap_close(pcap);
	return done;
}

// The most that X is, which loads may be relative to: the length of an IPv4 header as a rule.
static uint32_t most_of_x(const struct bpf_program *program)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];
		bool loads = BPF_CLASS(insn->code) == BPF_LDX;

		if (insn->code == (BPF_LDX | BPF_MSH | BPF_B))
			most = IPV4_HEADER_MOST;
		else if (loads || insn->code == (BPF_MISC | BPF_TAX))
			return UINT32_MAX;
	}
	return most;
}

static uint32_t find_reach(const struct bpf_program *program)
{
	uint64_t x = most_of_x(program), reach = 0;

	for (uint32_t i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];
		unsigned mode = BPF_MODE(insn->code);
		// No load is wider than a word.
		uint64_t end = insn->k + UINT64_C(4) + (mode == BPF_IND ? x : 0);

		if (BPF_CLASS(insn->code) != BPF_LD && BPF_CLASS(insn->code) != BPF_LDX)
			continue;
		if ((mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH) && end > reach)
			reach = end;
	}
	return reach < UINT32_MAX ? (uint32_t)reach : UINT32_MAX;
}

struct filter *filter_create(const char *expression, char *why, size_t size)
{
	struct filter *filter;

	if (strlen(expression) > FILTER_EXPRESSION_MOST) {
		snprintf(why, size, "the filter has %zu characters, and may have %d at most",
			 strlen(expression), FILTER_EXPRESSION_MOST);
		return NULL;
	}
	filter = calloc(1, sizeof(*filter));
	if (filter == NULL) {
		snprintf(why, size, "there is no memory for a filter");
		return NULL;
	}
	filter->users = 1;
	if (!compile(filter, expression, why, size)) {
		free(filter);
		return NULL;
	}
	filter->tags = speaks_of_vlans(expression);
	filter->reach = find_reach(&filter->program);
	return filter;
}

struct filter *filter_share(struct filter *filter)
{
	atomic_fetch_add(&filter->users, 1);
	return filter;
}

void filter_destroy(struct filter *filter)
{
	if (filter == NULL || atomic_fetch_sub(&filter->users, 1) > 1)
		return;
	pcap_freecode(&filter->program);
	free(filter);
}

bool filter_matches_nothing(const struct filter *filter)
{
	return filter->nothing;
}

bool filter_sees_tags(const struct filter *filter)
{
	return filter->tags;
}
