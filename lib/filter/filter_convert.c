/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "filter/filter_internal.h"

#include <rte_log.h>

#include <limits.h>
#include <stdlib.h>

// Classic BPF, which libpcap writes, to eBPF, which rte_bpf runs.
//
// DPDK has rte_bpf_convert() for that, which would not do here (22.11 to 24.11):
// - its memory comes from DPDK's heap, so there is none while weir reads traces;
// - `len` becomes the mbuf's pkt_len, which also bounds what is read: a cut frame would be read
//   beyond its end;
// - loads at X + k are not held against a wrap around 32 bits, and __rte_pktmbuf_read() isn't
//   either, so that `ip[ip[0] - 100]` may read anywhere;
// - it emits BPF_JSET with a constant, of which the compiler for x86 makes a broken instruction
//   when the constant is below 128: `tcp[13] & 2 != 0` crashes.
//
// That compiler also gets jumps back wrong when they go 127 or 128 bytes far. The only ones are
// those from one exit to the code of the first, which is why exits must stand at the end.
//
// What is rare or where the two machines differ (division, shifts by X, loops, far offsets) is not
// converted: bpf_filter() runs such programs.

// The registers of the classic machine. Loads from the packet want the frame in 6, give their
// result in 0, and leave nothing in 1 to 5.
enum { A = EBPF_REG_0, FRAME = EBPF_REG_6, X = EBPF_REG_7, SPARE = EBPF_REG_8 };

// No frame is longer; two offsets up to here can be added without a wrap.
#define OFFSET_MOST 0x1ffff
// rte_bpf checks a program along all its ways, whose number can grow exponentially with its length
// (up to 24.03): so many instructions take some 50 ms.
#define STEPS_MOST 200000
// In front: A, X and FRAME.
#define PROLOGUE 3
// One classic instruction becomes so many at most.
#define EXPANSION 6
// Jumps have 16 bits.
#define LENGTH_MOST INT16_MAX

#define NOWHERE     UINT32_MAX

struct conversion {
	const struct bpf_insn *from;
	uint32_t count;
	struct ebpf_insn *to;
	uint32_t length;
	uint32_t *place;   // where each classic instruction begins
	uint32_t no_match; // the classic instruction that ends without a match, or NOWHERE
	bool refused;
};

static void emit(struct conversion *conversion, unsigned code, unsigned destination,
		 unsigned source, int32_t offset, uint32_t constant)
{
	conversion->to[conversion->length++] = (struct ebpf_insn){
		.code = (uint8_t)code,
		.dst_reg = destination & 0xf,
		.src_reg = source & 0xf,
		.off = (int16_t)offset,
		.imm = (int32_t)constant,
	};
}

static void emit_move(struct conversion *conversion, unsigned destination, unsigned source)
{
	emit(conversion, EBPF_ALU64 | EBPF_MOV | BPF_X, destination, source, 0, 0);
}

static void emit_constant(struct conversion *conversion, unsigned destination, uint32_t constant)
{
	emit(conversion, BPF_ALU | EBPF_MOV | BPF_K, destination, 0, 0, constant);
}

// Jumps to the classic instruction `target`; to be called twice, as later places are not known the
// first time.
static void emit_jump(struct conversion *conversion, unsigned operation, unsigned source,
		      uint32_t constant, uint32_t target)
{
	int32_t offset = (int32_t)conversion->place[target] - (int32_t)conversion->length - 1;

	emit(conversion, BPF_JMP | operation, operation == BPF_JA ? 0 : A, source, offset,
	     constant);
}

// The operation that jumps when this one does not, or 0.
static unsigned opposite(unsigned operation)
{
	switch (operation) {
	case BPF_JEQ:
		return EBPF_JNE;
	case BPF_JGT:
		return EBPF_JLE;
	case BPF_JGE:
		return EBPF_JLT;
	default:
		return 0;
	}
}

static void convert_condition(struct conversion *conversion, uint32_t at)
{
	const struct bpf_insn *insn = &conversion->from[at];
	unsigned operation = BPF_OP(insn->code), source = 0, kind = BPF_K;
	uint32_t constant = insn->k, yes = at + 1 + insn->jt, no = at + 1 + insn->jf;

	if (BPF_SRC(insn->code) == BPF_X) {
		source = X;
	} else if (operation == BPF_JSET || constant > INT32_MAX) {
		// Constants are extended with their sign, and see above for BPF_JSET.
		emit_constant(conversion, SPARE, constant);
		source = SPARE;
	}
	if (source != 0) {
		kind = BPF_X;
		constant = 0;
	}
	if (insn->jt == 0 && opposite(operation) != 0) {
		emit_jump(conversion, opposite(operation) | kind, source, constant, no);
		return;
	}
	emit_jump(conversion, operation | kind, source, constant, yes);
	if (insn->jf != 0)
		emit_jump(conversion, BPF_JA, 0, 0, no);
}

static void convert_jump(struct conversion *conversion, uint32_t at)
{
	const struct bpf_insn *insn = &conversion->from[at];

	switch (BPF_OP(insn->code)) {
	case BPF_JA:
		emit_jump(conversion, BPF_JA, 0, 0, at + 1 + insn->k);
		break;
	case BPF_JEQ:
	case BPF_JGT:
	case BPF_JGE:
	case BPF_JSET:
		convert_condition(conversion, at);
		break;
	default:
		conversion->refused = true;
	}
}

static void convert_arithmetic(struct conversion *conversion, const struct bpf_insn *insn)
{
	unsigned source = BPF_SRC(insn->code) == BPF_X ? X : 0;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		break;
	case BPF_LSH:
	case BPF_RSH:
		if (source == 0 && insn->k < 32)
			break;
		// Fall through.
	default:
		conversion->refused = true;
		return;
	}
	emit(conversion, insn->code, A, source, 0, source == 0 ? insn->k : 0);
}

// 4 * (packet[k] & 0xf), for the length of an IPv4 header; A stays as it is.
static void convert_header_length(struct conversion *conversion, uint32_t offset)
{
	emit_move(conversion, SPARE, A);
	emit(conversion, BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, offset);
	emit(conversion, BPF_ALU | BPF_AND | BPF_K, A, 0, 0, 0xf);
	emit(conversion, BPF_ALU | BPF_LSH | BPF_K, A, 0, 0, 2);
	emit_move(conversion, X, A);
	emit_move(conversion, A, SPARE);
}

// The classic machine's memory lies on the stack, eight bytes a word: rte_bpf knows no smaller ones
// apart.
static int32_t word_offset(uint32_t word)
{
	return -8 * (int32_t)(word + 1);
}

// packet[X + k]
static void convert_indirect(struct conversion *conversion, const struct bpf_insn *insn)
{
	if (conversion->no_match == NOWHERE) {
		conversion->refused = true;
		return;
	}
	// A is overwritten anyway.
	emit_move(conversion, A, X);
	emit_jump(conversion, BPF_JGT | BPF_K, 0, OFFSET_MOST, conversion->no_match);
	emit(conversion, insn->code, 0, X, 0, insn->k);
}

static void convert_load(struct conversion *conversion, const struct bpf_insn *insn)
{
	unsigned to = BPF_CLASS(insn->code) == BPF_LD ? A : X;
	bool packet = false;

	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		emit_constant(conversion, to, insn->k);
		break;
	case BPF_LEN:
		emit(conversion, BPF_LDX | BPF_MEM | BPF_W, to, FRAME,
		     offsetof(struct rte_mbuf, FILTER_LENGTH), 0);
		break;
	case BPF_MEM:
		emit(conversion, BPF_LDX | BPF_MEM | EBPF_DW, to, EBPF_REG_10, word_offset(insn->k),
		     0);
		conversion->refused |= insn->k >= BPF_MEMWORDS;
		break;
	case BPF_ABS:
		emit(conversion, insn->code, 0, 0, 0, insn->k);
		packet = true;
		break;
	case BPF_IND:
		convert_indirect(conversion, insn);
		packet = true;
		break;
	case BPF_MSH:
		convert_header_length(conversion, insn->k);
		packet = true;
		break;
	default:
		conversion->refused = true;
	}
	conversion->refused |= packet && insn->k > OFFSET_MOST;
}

static void convert_store(struct conversion *conversion, const struct bpf_insn *insn)
{
	emit(conversion, BPF_STX | BPF_MEM | EBPF_DW, EBPF_REG_10,
	     BPF_CLASS(insn->code) == BPF_ST ? A : X, word_offset(insn->k), 0);
	conversion->refused |= insn->k >= BPF_MEMWORDS;
}

static void convert_return(struct conversion *conversion, const struct bpf_insn *insn)
{
	if (BPF_RVAL(insn->code) == BPF_K)
		emit_constant(conversion, A, insn->k);
	else
		conversion->refused |= BPF_RVAL(insn->code) != BPF_A;
	emit(conversion, BPF_JMP | EBPF_EXIT, 0, 0, 0, 0);
}

static void convert_one(struct conversion *conversion, uint32_t at)
{
	const struct bpf_insn *insn = &conversion->from[at];

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		convert_load(conversion, insn);
		break;
	case BPF_ST:
	case BPF_STX:
		convert_store(conversion, insn);
		break;
	case BPF_ALU:
		convert_arithmetic(conversion, insn);
		break;
	case BPF_JMP:
		convert_jump(conversion, at);
		break;
	case BPF_RET:
		convert_return(conversion, insn);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			emit_move(conversion, X, A);
		else if (BPF_MISCOP(insn->code) == BPF_TXA)
			emit_move(conversion, A, X);
		else
			conversion->refused = true;
		break;
	}
}

static void convert_all(struct conversion *conversion)
{
	conversion->length = 0;
	emit(conversion, EBPF_ALU64 | BPF_XOR | BPF_X, A, A, 0, 0);
	emit(conversion, EBPF_ALU64 | BPF_XOR | BPF_X, X, X, 0, 0);
	emit_move(conversion, FRAME, EBPF_REG_1);
	for (uint32_t i = 0; i < conversion->count; i++) {
		conversion->place[i] = conversion->length;
		convert_one(conversion, i);
	}
}

// Does every way through the program lead forward, to one of at most two exits at its end, and are
// there few enough of them? `steps` has a number for each instruction.
static bool is_simple(const struct bpf_program *program, uint32_t *steps)
{
	for (uint32_t i = program->bf_len; i-- > 0;) {
		const struct bpf_insn *insn = &program->bf_insns[i];
		uint32_t left = program->bf_len - 1 - i, yes = 0, no = 0;

		if (BPF_CLASS(insn->code) == BPF_RET) {
			if (left >= 2)
				return false;
			steps[i] = 1;
			continue;
		}
		if (BPF_CLASS(insn->code) == BPF_JMP) {
			bool always = BPF_OP(insn->code) == BPF_JA;

			yes = always ? insn->k : insn->jt;
			no = always ? insn->k : insn->jf;
		}
		if (yes >= left || no >= left)
			return false;
		steps[i] = 1 + steps[i + 1 + yes];
		if (yes != no)
			steps[i] += steps[i + 1 + no];
		if (steps[i] > STEPS_MOST)
			return false;
	}
	return program->bf_len > 0;
}

// Where a load ends that goes too far: one of the exits, unless a program cannot fail.
static void find_no_match(struct conversion *conversion)
{
	conversion->no_match = NOWHERE;
	for (uint32_t i = conversion->count < 2 ? 0 : conversion->count - 2; i < conversion->count;
	     i++) {
		if (conversion->from[i].code == (BPF_RET | BPF_K) && conversion->from[i].k == 0)
			conversion->no_match = i;
	}
}

// Its complaints about a program that it refuses are no business of the user's.
static struct rte_bpf *load_quietly(const struct rte_bpf_prm *parameters)
{
	static const char component[] = "lib.bpf";
	struct rte_bpf *bpf;

	rte_log_set_level_pattern(component, RTE_LOG_EMERG);
	bpf = rte_bpf_load(parameters);
	rte_log_set_level_pattern(component, RTE_LOG_WARNING);
	return bpf;
}

struct rte_bpf *filter_convert(const struct bpf_program *program)
{
	size_t most = PROLOGUE + (size_t)program->bf_len * EXPANSION;
	struct conversion conversion = {.from = program->bf_insns, .count = program->bf_len};
	struct rte_bpf_prm parameters = {
		.prog_arg = {.type = RTE_BPF_ARG_PTR_MBUF,
			     .size = sizeof(struct rte_mbuf),
			     .buf_size = UINT16_MAX},
	};
	struct rte_bpf *bpf = NULL;

	if (most > LENGTH_MOST)
		return NULL;
	conversion.to = calloc(most, sizeof(*conversion.to));
	conversion.place = calloc(program->bf_len, sizeof(*conversion.place));
	if (conversion.to == NULL || conversion.place == NULL ||
	    !is_simple(program, conversion.place))
		goto done;
	find_no_match(&conversion);
	// Once to find the places, once more with the jumps right: lengths do not depend on these.
	convert_all(&conversion);
	convert_all(&conversion);
	if (conversion.refused)
		goto done;
	parameters.ins = conversion.to;
	parameters.nb_ins = conversion.length;
	bpf = load_quietly(&parameters);

done:
	free(conversion.to);
	free(conversion.place);
	return bpf;
}
