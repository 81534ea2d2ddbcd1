/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/message.h"
#include "service/aside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// prepare() aside, then apply() on this thread, so that rules have one owner. Reloads wait for each
// other: of two, the one that began later would otherwise be the first to come into force. What a
// client wanted that is gone is done nevertheless, as it was asked for.

#define WHY_SIZE 1024

struct change {
	struct change *next; // whose client is gone, or never was
	struct aside *aside; // NULL: has not begun, as another reload is under way
	bool reload;
	char failed[WATCH_NAME_SIZE + 32]; // how a failure is told
};

struct preparation {
	struct aside_work work;
	struct service_change *change;
	int result;
	char why[WHY_SIZE];
};

static void run(struct aside_work *work)
{
	struct preparation *preparation = (struct preparation *)work;
	struct service_change *change = preparation->change;

	preparation->result = change->prepare(change, preparation->why, sizeof(preparation->why));
}

static void drop(struct aside_work *work)
{
	struct preparation *preparation = (struct preparation *)work;

	preparation->change->drop(preparation->change);
	free(preparation);
}

static int prepare(struct change *change, struct service_change *what, char *why, size_t size)
{
	struct preparation *preparation = calloc(1, sizeof(*preparation));

	if (preparation == NULL) {
		snprintf(why, size, "no memory");
		what->drop(what);
		return -ENOMEM;
	}
	preparation->work = (struct aside_work){.run = run, .drop = drop};
	preparation->change = what;
	change->aside = aside_begin(&preparation->work, change->reload);
	if (change->aside != NULL)
		return 0;
	snprintf(why, size,
		 "too many filters are being compiled, or there is no memory; ask again soon");
	drop(&preparation->work);
	return -EBUSY;
}

static int apply(struct change *change, char *why, size_t size)
{
	struct preparation *preparation = (struct preparation *)aside_take(change->aside);
	int result = preparation->result;

	if (result == 0)
		result = preparation->change->apply(preparation->change, preparation->why,
						    sizeof(preparation->why));
	snprintf(why, size, "%s", preparation->why);
	drop(&preparation->work);
	return result;
}

static int begin_reload(struct service *service, struct change *change, char *why, size_t size)
{
	struct service_change *what = service->settings.reload(service->settings.context, why,
							       size);
	int result;

	if (what == NULL)
		return -EINVAL;
	result = prepare(change, what, why, size);
	if (result == 0)
		service->reloading = change;
	else
		message_error("%s: %s", change->failed, why);
	return result;
}

// Returns -EINPROGRESS, or how it ended.
static int go_on(struct service *service, struct change *change, char *why, size_t size)
{
	int result;

	*why = '\0';
	if (change->aside != NULL)
		return aside_is_done(change->aside) ? apply(change, why, size) : -EINPROGRESS;
	if (service->reloading != NULL)
		return -EINPROGRESS;
	result = begin_reload(service, change, why, size);
	return result == 0 ? -EINPROGRESS : result;
}

// NULL without memory.
static struct change *create(bool reload, const char *rule)
{
	struct change *change = calloc(1, sizeof(*change));

	if (change == NULL)
		return NULL;
	change->reload = reload;
	if (reload)
		snprintf(change->failed, sizeof(change->failed), "reload: nothing was changed");
	else
		snprintf(change->failed, sizeof(change->failed), "the rule '%s' was not added",
			 rule);
	return change;
}

static void destroy(struct service *service, struct change *change)
{
	if (service->reloading == change)
		service->reloading = NULL;
	aside_end(change->aside);
	free(change);
}

void change_leave(struct service *service, struct change *change)
{
	if (change == NULL)
		return;
	if (change->aside != NULL) {
		change->next = service->left;
		service->left = change;
		return;
	}
	// A reload that has not begun: any later one does for it.
	atomic_store(&service->reload, true);
	destroy(service, change);
}

void change_end(struct service *service)
{
	while (service->left != NULL) {
		struct change *change = service->left;

		service->left = change->next;
		destroy(service, change);
	}
}

static void finish(struct service *service, struct client *client, int result, const char *why)
{
	struct change *change = client->change;

	client->change = NULL;
	if (result < 0)
		answer_error(client, "%s: %s", change->failed,
			     *why != '\0' ? why : "it gave no reason");
	else
		answer_ok(client, *why != '\0' ? json_pack("{s:s}", "note", why) : NULL);
	destroy(service, change);
}

void change_continue(struct service *service, struct client *client)
{
	char why[WHY_SIZE];
	int result = go_on(service, client->change, why, sizeof(why));

	if (result != -EINPROGRESS)
		finish(service, client, result, why);
}

void change_add_rule(struct service *service, struct client *client,
		     const struct watch_rule_settings *rule)
{
	const struct service_settings *settings = &service->settings;
	struct service_change *what;
	char why[WHY_SIZE] = "";
	int result = -EINVAL;

	if (settings->rule_add == NULL) {
		answer_error(client, "this weir takes no rules while it runs; write them into its "
				     "configuration");
		return;
	}
	client->change = create(false, rule->name);
	if (client->change == NULL) {
		answer_error(client, "no memory for a rule");
		return;
	}
	client->doing = CLIENT_CHANGE;
	what = settings->rule_add(settings->context, rule, why, sizeof(why));
	if (what != NULL)
		result = prepare(client->change, what, why, sizeof(why));
	if (result < 0)
		finish(service, client, result, why);
}

void serve_reload(struct service *service, struct client *client, const json_t *request)
{
	if (!parameter_check(client, request, "reload", NULL, 0))
		return;
	if (service->settings.reload == NULL) {
		answer_error(client, "reload: this weir has nothing to load again");
		return;
	}
	client->change = create(true, NULL);
	if (client->change == NULL) {
		answer_error(client, "reload: no memory");
		return;
	}
	client->doing = CLIENT_CHANGE;
	change_continue(service, client);
}

// A reload that a signal wants, or a client that is gone.
static void take_reload(struct service *service)
{
	struct change *change = service->left;

	if (service->settings.reload == NULL) {
		message_warning("there is nothing to reload");
		return;
	}
	// One that waits is enough.
	while (change != NULL && change->aside != NULL)
		change = change->next;
	if (change != NULL)
		return;
	change = create(true, NULL);
	if (change == NULL) {
		message_error("reload: nothing was changed: no memory");
		return;
	}
	change->next = service->left;
	service->left = change;
}

void change_continue_left(struct service *service)
{
	struct change **link = &service->left;
	char why[WHY_SIZE];

	if (atomic_exchange(&service->reload, false))
		take_reload(service);
	while (*link != NULL) {
		struct change *change = *link;
		int result = go_on(service, change, why, sizeof(why));

		if (result == -EINPROGRESS) {
			link = &change->next;
			continue;
		}
		// What comes of a reload is told by those that do it.
		if (result < 0 && !change->reload)
			message_warning("%s, and who asked for it is gone: %s", change->failed,
					why);
		*link = change->next;
		destroy(service, change);
	}
}
