/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/service_internal.h"

#include "base/message.h"
#include "service/aside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// prepare() aside, then apply() on this thread, so that rules have one owner. Reloads wait for each
// other: of two, the one that began later would otherwise be the first to come into force.

#define WHY_SIZE 1024

struct change {
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
	change->aside = aside_begin(&preparation->work);
	if (change->aside != NULL)
		return 0;
	snprintf(why, size, "too many filters are being compiled; ask again soon");
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
	int result = what != NULL ? prepare(change, what, why, size) : -EINVAL;

	if (result == 0)
		service->reloading = change;
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

static struct change *create(bool reload)
{
	struct change *change = calloc(1, sizeof(*change));

	if (change != NULL)
		change->reload = reload;
	return change;
}

void change_destroy(struct service *service, struct change *change)
{
	if (change == NULL)
		return;
	if (service->reloading == change)
		service->reloading = NULL;
	aside_end(change->aside);
	free(change);
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
	change_destroy(service, change);
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
	client->change = create(false);
	if (client->change == NULL) {
		answer_error(client, "no memory for a rule");
		return;
	}
	snprintf(client->change->failed, sizeof(client->change->failed),
		 "the rule '%s' was not added", rule->name);
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
	client->change = create(true);
	if (client->change == NULL) {
		answer_error(client, "reload: no memory");
		return;
	}
	snprintf(client->change->failed, sizeof(client->change->failed),
		 "reload: nothing was changed");
	client->doing = CLIENT_CHANGE;
	change_continue(service, client);
}

// What comes of it is told by those that are called.
void change_hang_up(struct service *service)
{
	char why[WHY_SIZE];

	if (service->hang_up == NULL) {
		if (!atomic_exchange(&service->reload, false))
			return;
		if (service->settings.reload != NULL)
			service->hang_up = create(true);
		if (service->hang_up == NULL) {
			message_warning("there is nothing to reload, or no memory");
			return;
		}
	}
	if (go_on(service, service->hang_up, why, sizeof(why)) == -EINPROGRESS)
		return;
	change_destroy(service, service->hang_up);
	service->hang_up = NULL;
}
