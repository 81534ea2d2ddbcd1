/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "plugin/plugin_internal.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// From a path to a loaded file. Whatever is wrong with the file that the dynamic linker would tell in
// words of its own is found out before it is asked.

// The head of this very program, which the linker puts there.
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

// The dynamic linker dies of a file that ends before what it says of itself.
static int check_length(int file, const Elf64_Ehdr *head, uint64_t size)
{
	for (unsigned i = 0; i < head->e_phnum; i++) {
		uint64_t offset = head->e_phoff + (uint64_t)i * sizeof(Elf64_Phdr);
		Elf64_Phdr part;

		if (offset > size ||
		    pread(file, &part, sizeof(part), (off_t)offset) != sizeof(part))
			return -ERANGE;
		if (part.p_type == PT_LOAD &&
		    (part.p_offset > size || part.p_filesz > size - part.p_offset))
			return -ERANGE;
	}
	return 0;
}

// As two bytes lie in a file of that byte order.
static uint16_t machine_of(const Elf64_Ehdr *head)
{
	bool same = head->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA];

	return same ? head->e_machine : __builtin_bswap16(head->e_machine);
}

// Up to the machine, heads of 32-bit and 64-bit files are alike.
static bool is_for_this_machine(const Elf64_Ehdr *head)
{
	return head->e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
	       head->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] &&
	       head->e_machine == __ehdr_start.e_machine;
}

// Reads the head of a shared object. 0, -ENOEXEC when it is none, -ENOTSUP when it is one for another
// kind of machine, -ERANGE when it is cut short, or another negative errno when it cannot be read.
static int look_at(const char *path, Elf64_Ehdr *head)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result = 0;
	struct stat status;

	if (file < 0)
		return -errno;
	if (fstat(file, &status) < 0)
		result = -errno;
	else if (!S_ISREG(status.st_mode) || pread(file, head, sizeof(*head), 0) != sizeof(*head) ||
		 memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
		result = -ENOEXEC;
	else if (!is_for_this_machine(head))
		result = -ENOTSUP;
	else if (head->e_type != ET_DYN)
		result = -ENOEXEC;
	else
		result = check_length(file, head, (uint64_t)status.st_size);
	close(file);
	return result;
}

// Such as "64-bit x86_64".
static void name_machine(const Elf64_Ehdr *head, char *text, size_t size)
{
	static const struct {
		uint16_t number;
		const char *name;
	} known[] = {{EM_386, "i386"},        {EM_X86_64, "x86_64"}, {EM_ARM, "arm"},
		     {EM_AARCH64, "aarch64"}, {EM_PPC64, "ppc64"},   {EM_S390, "s390"},
		     {EM_RISCV, "riscv"}};
	int bits = head->e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
	const char *order = head->e_ident[EI_DATA] == ELFDATA2MSB ? "big-endian " : "";
	uint16_t machine = machine_of(head);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].number == machine) {
			snprintf(text, size, "%d-bit %s%s", bits, order, known[i].name);
			return;
		}
	}
	snprintf(text, size, "%d-bit %smachine %u", bits, order, machine);
}

static int refuse_machine(struct plugin *plugin, const Elf64_Ehdr *head)
{
	char its[48], ours[48];

	name_machine(head, its, sizeof(its));
	name_machine(&__ehdr_start, ours, sizeof(ours));
	return plugin_fail(plugin, "path",
			   "%.200s was built for %s, and this weir for %s; build it on a machine "
			   "like this one, with cc -shared -fPIC",
			   plugin->path, its, ours);
}

static const char *advice(const char *error)
{
	if (strstr(error, "undefined symbol: weir_") != NULL)
		return "it was built for a later weir; build it with the headers of this one";
	if (strstr(error, "undefined symbol") != NULL)
		return "link it with the library that has this symbol";
	if (strstr(error, "cannot open shared object file") != NULL)
		return "install the library that it needs";
	return "build it on a machine like this one, with cc -shared -fPIC";
}

static int complain(struct plugin *plugin, const char *error)
{
	size_t length = strlen(plugin->path);

	if (strncmp(error, plugin->path, length) == 0 && strncmp(error + length, ": ", 2) == 0)
		error += length + 2;
	return plugin_fail(plugin, "path", "%.200s cannot be loaded: %.200s; %s", plugin->path,
			   error, advice(error));
}

static int check_file(struct plugin *plugin)
{
	Elf64_Ehdr head;
	int result = look_at(plugin->path, &head);

	if (result == 0)
		return 0;
	if (result == -ENOTSUP)
		return refuse_machine(plugin, &head);
	if (result == -ENOEXEC)
		return plugin_fail(plugin, "path",
				   "%.200s is not a shared object; build it with cc -shared -fPIC",
				   plugin->path);
	if (result == -ERANGE)
		return plugin_fail(plugin, "path",
				   "%.200s is cut short; build it with cc -shared -fPIC",
				   plugin->path);
	return plugin_fail(plugin, "path",
			   "%.200s cannot be read: %s; write the path of a plugin, or the name of "
			   "one in " PLUGIN_DIRECTORY,
			   plugin->path, strerror(-result));
}

int plugin_open(struct plugin *plugin)
{
	const struct weir_plugin *symbol;

	if (check_file(plugin) < 0)
		return -EINVAL;
	dlerror();
	plugin->handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
	if (plugin->handle == NULL) {
		const char *error = dlerror();

		return complain(plugin,
				error != NULL ? error : "the dynamic linker gives no reason");
	}
	symbol = dlsym(plugin->handle, "weir_plugin");
	if (symbol == NULL)
		return plugin_fail(plugin, "path",
				   "%.200s is no plugin of weir, as it has no symbol weir_plugin; "
				   "see weir/plugin.h",
				   plugin->path);
	return plugin_take(plugin, symbol);
}
