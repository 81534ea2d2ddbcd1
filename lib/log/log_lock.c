/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "log/log_lock.h"

#include "base/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock_path(const char *directory, char *path)
{
	int length = snprintf(path, PATH_MAX, "%s/" LOG_LOCK_NAME, directory);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static void say_who(const char *directory, int lock)
{
	char holder[24];
	ssize_t length = pread(lock, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? length : 0] = '\0';
	holder[strspn(holder, "0123456789")] = '\0';
	// The other one may not have come to write its number yet.
	message_error("log directory %s: another weir (pid %s) writes into it; "
		      "give this one another directory with -l",
		      directory, holder[0] ? holder : "unknown");
}

// Does the name still lead to the file that was locked? Its former holder may have removed it
// meanwhile.
static bool is_current(const char *path, int lock)
{
	struct stat named, opened;

	return stat(path, &named) == 0 && fstat(lock, &opened) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static int say_cannot(const char *directory, int error)
{
	const char *advice = "name a directory that this user may write to with -l";

	if (error == ENOENT)
		advice = "create it, or name another one with -l";
	else if (error == ENOTDIR)
		advice = "name a directory with -l";
	else if (error == ENOSPC || error == EDQUOT)
		advice = "free some space, or name another one with -l";
	message_error("log directory %s: %s; %s", directory, strerror(error), advice);
	return -error;
}

static void write_pid(int lock)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	// The number only serves the message above: the lock holds without it, as on a full disk.
	if (ftruncate(lock, 0) < 0 || pwrite(lock, text, (size_t)length, 0) < 0)
		return;
}

int log_directory_lock(const char *directory)
{
	char path[PATH_MAX];
	int lock;

	if (lock_path(directory, path) < 0)
		return say_cannot(directory, ENAMETOOLONG);
	// Only a holder that comes and goes between two lines here makes another attempt necessary.
	for (int attempt = 0; attempt < 100; attempt++) {
		lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (lock < 0)
			return say_cannot(directory, errno);
		if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
			int error = errno;

			if (error == EWOULDBLOCK)
				say_who(directory, lock);
			else
				say_cannot(directory, error);
			close(lock);
			return error == EWOULDBLOCK ? -EEXIST : -error;
		}
		if (is_current(path, lock)) {
			write_pid(lock);
			return lock;
		}
		close(lock);
	}
	return say_cannot(directory, EAGAIN);
}

void log_directory_unlock(const char *directory, int lock)
{
	char path[PATH_MAX];

	if (lock < 0)
		return;
	// Removed while it is still held: whoever opened it just before finds out by is_current().
	if (lock_path(directory, path) == 0 && is_current(path, lock))
		unlink(path);
	close(lock);
}
