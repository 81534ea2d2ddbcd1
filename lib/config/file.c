/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "config/file.h"

#include "base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_FILE ((size_t)1 << 20)

static int read_all(const char *path, int fd, struct config_file *file)
{
	while (file->size <= SIZE_MAX_FILE) {
		ssize_t got = read(fd, file->text + file->size, SIZE_MAX_FILE + 1 - file->size);

		if (got == 0)
			return 0;
		if (got > 0) {
			file->size += (size_t)got;
		} else if (errno != EINTR) {
			int error = errno;

			message_error("%s: cannot be read: %s; name a readable file", path,
				      strerror(error));
			return -error;
		}
	}
	message_error("%s: larger than 1 MiB; this cannot be a configuration file", path);
	return -EFBIG;
}

// A NUL byte would silently end a line.
static int check_text(const char *path, const struct config_file *file)
{
	const char *nul = memchr(file->text, '\0', file->size);
	unsigned line = 1;

	if (!nul)
		return 0;
	for (const char *c = file->text; c < nul; c++)
		line += *c == '\n';
	message_error(
		"%s:%u: a NUL byte, so this is not a text file; save it as plain text (UTF-8)",
		path, line);
	return -EINVAL;
}

int config_file_read(const char *path, struct config_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	int result;

	*file = (struct config_file){0};
	if (fd < 0) {
		result = -errno;
		message_error("%s: cannot be opened: %s; name a readable file", path,
			      strerror(-result));
		return result;
	}
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		message_error("%s: is a directory; name a file, such as %s/weir.ini", path, path);
		result = -EISDIR;
		goto close;
	}
	file->text = malloc(SIZE_MAX_FILE + 2);
	if (!file->text) {
		message_error("%s: not enough memory to read it; free some and start again", path);
		result = -ENOMEM;
		goto close;
	}
	result = read_all(path, fd, file);
	if (result == 0)
		result = check_text(path, file);
	if (result) {
		free(file->text);
		file->text = NULL;
	} else {
		file->text[file->size] = '\0';
	}
close:
	close(fd);
	return result;
}
