/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// Is there nothing at the path, or only what an earlier run left? Returns 0 when a socket can be
// bound there.
static int make_room(const char *path, const struct sockaddr_un *address)
{
	struct stat status;
	int probe, result = 0;

	if (lstat(path, &status) < 0)
		return 0;
	if (!S_ISSOCK(status.st_mode)) {
		message_error("%s is there and is no socket; move it away, or set [control] socket "
			      "to another path",
			      path);
		return -EEXIST;
	}
	// A listener whose queue is full would make a blocking socket wait.
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return -errno;
	if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		result = -EADDRINUSE;
	close(probe);
	if (result < 0) {
		message_error("another weir answers requests at %s already; end it, or set "
			      "[control] socket to another path",
			      path);
		return result;
	}
	// If that fails, so does bind(), which says why.
	unlink(path);
	return 0;
}

int service_listen(const char *path, uint32_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int descriptor, result;

	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		message_error("'%.200s' cannot be the path of a socket: it has %zu bytes, and 1 to "
			      "%zu are possible",
			      path, strlen(path), sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, path, strlen(path));
	result = make_room(path, &address);
	if (result < 0)
		return result;
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		goto failed;
	// Nobody can connect before listen(), so that nobody slips in before the mode is set.
	if (bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0)
		goto failed;
	if (chmod(path, mode) == 0 && listen(descriptor, SERVICE_CLIENTS_MOST) == 0)
		return descriptor;
	result = -errno;
	unlink(path);
	errno = -result;

failed:
	result = -errno;
	message_error("no requests can be answered at %s: %s; set [control] socket to a path in a "
		      "directory that weir may write to",
		      path, strerror(-result));
	if (descriptor >= 0)
		close(descriptor);
	return result;
}
