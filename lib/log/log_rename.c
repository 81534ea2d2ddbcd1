/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_rename.h"

#include "base/message.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MARK    "{path}"
#define ATTEMPTS_MAX 1000000

static int replace_mark(const char *text, const char *path, char *name)
{
	size_t length = 0, path_length = strlen(path), mark_length = strlen(PATH_MARK);

	while (*text) {
		bool mark = strncmp(text, PATH_MARK, mark_length) == 0;
		const char *piece = mark ? path : text;
		size_t piece_length = mark ? path_length : 1;

		if (length + piece_length >= LOG_NAME_SIZE)
			return -ENAMETOOLONG;
		memcpy(name + length, piece, piece_length);
		length += piece_length;
		text += mark ? mark_length : 1;
	}
	name[length] = '\0';
	return 0;
}

static int add_attempt(char *name, unsigned attempt)
{
	char suffix[16];
	char *dot = strrchr(name, '.');
	size_t length = strlen(name), at = dot && dot != name ? (size_t)(dot - name) : length;
	size_t added = (size_t)snprintf(suffix, sizeof(suffix), "-%u", attempt);

	if (length + added >= LOG_NAME_SIZE)
		return -ENAMETOOLONG;
	memmove(name + at + added, name + at, length - at + 1);
	memcpy(name + at, suffix, added);
	return 0;
}

int log_name_format(const char *pattern, const char *path, time_t when, unsigned attempt,
		    char *name)
{
	char text[2 * LOG_NAME_SIZE];
	struct tm parts;
	int result;

	if (pattern[0] == '\0' || !localtime_r(&when, &parts))
		return -EINVAL;
	if (strftime(text, sizeof(text), pattern, &parts) == 0)
		return strlen(pattern) < LOG_NAME_SIZE ? -EINVAL : -ENAMETOOLONG;
	result = replace_mark(text, path, name);
	if (result < 0)
		return result;
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	return attempt > 0 ? add_attempt(name, attempt) : 0;
}

int log_name_check(const char *pattern)
{
	char name[LOG_NAME_SIZE];
	const char *wrong = NULL;

	if (!strstr(pattern, PATH_MARK))
		wrong = "it lacks {path}, which stands for the name of the log";
	else if (log_name_format(pattern, "conn", 0, 0, name) < 0)
		wrong = "it does not give the name of a file in the log directory";
	else if (strcmp(name, "conn.log") == 0)
		wrong = "it gives the name of the log that is being written";
	if (!wrong)
		return 0;
	message_error("[log] rotate_name = %s: %s; use for instance %s", pattern, wrong,
		      "{path}.%Y-%m-%d-%H-%M-%S.log");
	return -EINVAL;
}

static bool exists(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

// Some file systems know neither RENAME_NOREPLACE nor links; there only a look before the leap is
// left.
static int rename_without_kernel_help(int directory, const char *from, const char *to)
{
	if (linkat(directory, from, directory, to, 0) == 0)
		return unlinkat(directory, from, 0) == 0 ? 0 : -errno;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return -errno;
	if (exists(directory, to))
		return -EEXIST;
	return renameat(directory, from, directory, to) == 0 ? 0 : -errno;
}

static int rename_no_replace(int directory, const char *from, const char *to)
{
	if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
		return rename_without_kernel_help(directory, from, to);
	return -errno;
}

int log_rename(int directory, const char *from, const char *pattern, const char *path, time_t when,
	       char *name)
{
	int result = -EEXIST;

	for (unsigned attempt = 0; result == -EEXIST && attempt < ATTEMPTS_MAX; attempt++) {
		result = log_name_format(pattern, path, when, attempt, name);
		if (result == 0)
			result = rename_no_replace(directory, from, name);
	}
	// So that the new name survives a power failure; a file system that cannot do it does not
	// harm the log.
	if (result == 0)
		fsync(directory);
	return result;
}

uint64_t log_rotation_next(uint64_t now, uint64_t interval)
{
	time_t seconds = (time_t)(now / TIME_SECOND);
	struct tm parts;
	int64_t midnight, since, step = (int64_t)interval;

	if (interval == 0 || interval > INT64_MAX || now > INT64_MAX)
		return TIME_NEVER;
	localtime_r(&seconds, &parts);
	parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
	parts.tm_isdst = -1;
	midnight = (int64_t)mktime(&parts) * (int64_t)TIME_SECOND;
	since = (int64_t)now - midnight;
	// Where a clock change takes away midnight itself, mktime() may give a time after `now`.
	if (since < 0)
		return (uint64_t)midnight;
	if (__builtin_mul_overflow(since / step + 1, step, &since) ||
	    __builtin_add_overflow(midnight, since, &since))
		return TIME_NEVER;
	return (uint64_t)since;
}
