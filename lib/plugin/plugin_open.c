/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "plugin/plugin_internal.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// From a path to a loaded file. Whatever is wrong with the file that the dynamic linker would tell in
// words of its own is found out before it is asked.

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

// Is it a shared object? 0, -ENOEXEC when it is not, -ERANGE when it is cut short, or another
// negative errno when it cannot be read.
static int look_at(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result = 0;
	struct stat status;
	Elf64_Ehdr head;

	if (file < 0)
		return -errno;
	if (fstat(file, &status) < 0)
		result = -errno;
	else if (!S_ISREG(status.st_mode) || pread(file, &head, sizeof(head), 0) != sizeof(head) ||
		 memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		result = -ENOEXEC;
	// Another kind of machine is for the dynamic linker to tell.
	else if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB)
		result = 0;
	else if (head.e_type != ET_DYN)
		result = -ENOEXEC;
	else
		result = check_length(file, &head, (uint64_t)status.st_size);
	close(file);
	return result;
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
	int result = look_at(plugin->path);

	if (result == 0)
		return 0;
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
