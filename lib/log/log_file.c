/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_file.h"

#include "base/message.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int log_file_init(struct log_file *file, const char *path, const struct log_layout *layout,
		  const struct log_options *options, int directory)
{
	if (strlen(path) + strlen(".log") >= sizeof(file->name))
		return -ENAMETOOLONG;
	memset(file, 0, sizeof(*file));
	file->fd = -1;
	file->directory = directory;
	file->directory_name = options->directory;
	file->pattern = options->rotate_name;
	file->format = options->format;
	file->layout = *layout;
	memcpy(file->path, path, strlen(path) + 1);
	memcpy(file->name, path, strlen(path));
	memcpy(file->name + strlen(path), ".log", sizeof(".log"));
	return 0;
}

static int failed(struct log_file *file, const char *doing, int error)
{
	file->doing = doing;
	return -error;
}

// Cuts off what follows the last newline, so that nobody reads half a line while the disk is full.
// The size is asked for, because somebody may have truncated the file meanwhile. Where it does not
// work the line is continued later.
static void take_back_torn_line(struct log_file *file, const char *bytes, size_t *done)
{
	struct stat status;
	size_t whole = *done;
	off_t torn;

	while (whole > 0 && bytes[whole - 1] != '\n')
		whole--;
	torn = (off_t)(*done - whole);
	if (torn == 0 || !file->regular || fstat(file->fd, &status) < 0 || status.st_size < torn)
		return;
	if (ftruncate(file->fd, status.st_size - torn) == 0)
		*done = whole;
}

static int put(struct log_file *file, const char *bytes, size_t length, size_t *done)
{
	while (*done < length) {
		ssize_t written = write(file->fd, bytes + *done, length - *done);
		int error = written < 0 ? errno : EIO;

		if (written > 0) {
			*done += (size_t)written;
			continue;
		}
		if (written < 0 && error == EINTR)
			continue;
		take_back_torn_line(file, bytes, done);
		return failed(file, "write", error);
	}
	return 0;
}

// Has the file at our name anything that would be a pity to lose? The # lines of an idle run are
// not.
static bool has_lines(const struct log_file *file, const struct stat *status)
{
	char start[LOG_LINE_SIZE];
	ssize_t length;
	int fd;

	if (status->st_size == 0)
		return false;
	if (status->st_size > (off_t)sizeof(start))
		return true;
	fd = openat(file->directory, file->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	length = read(fd, start, sizeof(start));
	close(fd);
	if (length <= 0)
		return true;
	for (ssize_t i = 0; i < length; i++)
		if ((i == 0 || start[i - 1] == '\n') && start[i] != '#')
			return true;
	return false;
}

static int set_aside(struct log_file *file)
{
	char name[LOG_NAME_SIZE];
	struct stat status;
	int result;

	if (fstatat(file->directory, file->name, &status, 0) < 0)
		return 0;
	if (!S_ISREG(status.st_mode) || !has_lines(file, &status))
		return 0;
	result = log_rename(file->directory, file->name, file->pattern, file->path,
			    status.st_mtim.tv_sec, name);
	if (result < 0)
		return failed(file, "rename the earlier log", -result);
	message_info("%s/%s: the earlier log is now %s", file->directory_name, file->name, name);
	return 0;
}

static int open_name(struct log_file *file, bool keep)
{
	struct stat status;
	int result = keep ? set_aside(file) : 0;

	if (result < 0)
		return result;
	// With O_APPEND, a file that somebody truncates meanwhile goes on at its new end.
	do {
		file->fd = openat(file->directory, file->name,
				  O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NONBLOCK,
				  0644);
	} while (file->fd < 0 && errno == EINTR);
	if (file->fd < 0)
		return failed(file, "open", errno);
	// Only opening must not wait, for the reader of a pipe that nobody reads; writing may.
	fcntl(file->fd, F_SETFL, O_APPEND);
	file->regular = fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode);
	file->has_lines = false;
	file->header_done = file->footer_done = file->footer_length = 0;
	file->header_length = log_header_format(&file->layout, file->format, file->path, time(NULL),
						file->header);
	return 0;
}

int log_file_open(struct log_file *file, bool keep)
{
	int result = file->fd < 0 ? open_name(file, keep) : 0;

	return result < 0 ? result
			  : put(file, file->header, file->header_length, &file->header_done);
}

int log_file_write(struct log_file *file, const char *bytes, size_t length, size_t *done)
{
	int result = log_file_open(file, true);

	if (result == 0)
		result = put(file, bytes, length, done);
	if (*done > 0)
		file->has_lines = true;
	return result;
}

int log_file_finish(struct log_file *file)
{
	int result;

	if (file->fd < 0)
		return 0;
	result = put(file, file->header, file->header_length, &file->header_done);
	if (result < 0)
		return result;
	if (file->footer_length == 0)
		file->footer_length = log_footer_format(file->format, time(NULL), file->footer);
	result = put(file, file->footer, file->footer_length, &file->footer_done);
	if (result < 0)
		return result;
	// A pipe or a device cannot be forced; that is no loss.
	if (fsync(file->fd) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
		file->lost = failed(file, "force to the disk", errno);
	if (close(file->fd) < 0 && errno != EINTR && file->lost == 0)
		file->lost = failed(file, "close", errno);
	file->fd = -1;
	return 0;
}

static int rename_finished(struct log_file *file, uint64_t opened)
{
	char name[LOG_NAME_SIZE];
	int result;

	if (!file->to_rename)
		return 0;
	result = log_rename(file->directory, file->name, file->pattern, file->path,
			    (time_t)(opened / TIME_SECOND), name);
	// Moved away by somebody else just now: it is out of the way, which is all that is needed.
	if (result < 0 && result != -ENOENT)
		return failed(file, "rename", -result);
	file->to_rename = false;
	return 0;
}

int log_file_rotate(struct log_file *file, uint64_t opened)
{
	int result;

	if (file->fd >= 0) {
		if (!file->regular || !file->has_lines)
			return log_file_open(file, true);
		result = log_file_finish(file);
		if (result < 0)
			return result;
		file->to_rename = true;
	}
	result = rename_finished(file, opened);
	return result < 0 ? result : log_file_open(file, true);
}

static bool is_at_its_name(const struct log_file *file)
{
	struct stat opened, named;

	return fstat(file->fd, &opened) == 0 &&
	       fstatat(file->directory, file->name, &named, 0) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int log_file_reopen(struct log_file *file, uint64_t opened)
{
	int result;

	if (file->fd >= 0) {
		bool unmoved = file->regular && is_at_its_name(file);

		if (unmoved && !file->has_lines)
			return log_file_open(file, true);
		result = log_file_finish(file);
		if (result < 0)
			return result;
		file->to_rename = unmoved;
	}
	result = rename_finished(file, opened);
	return result < 0 ? result : log_file_open(file, true);
}

void log_file_close(struct log_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

const char *log_file_advice(int error)
{
	switch (error) {
	case ENOSPC:
		return "free some space on that file system";
	case EDQUOT:
		return "free some space or raise the quota";
	case EFBIG:
		return "raise the limit of file sizes (ulimit -f) or set [log] rotate_size below "
		       "it";
	case EACCES:
	case EPERM:
		return "let this user write there, or name another directory with -l";
	case ENOENT:
		return "create the directory, or name another one with -l";
	case ENOTDIR:
		return "name a directory with -l";
	case EISDIR:
		return "move the directory of that name away";
	case EROFS:
		return "mount the file system writable, or name another directory with -l";
	case EIO:
		return "check the disk (see the kernel's messages)";
	case EMFILE:
	case ENFILE:
		return "raise the limit of open files (ulimit -n)";
	default:
		return "see that the file can be written there, or name another directory with -l";
	}
}
