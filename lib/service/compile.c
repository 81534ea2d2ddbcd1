/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "service/compile.h"

#include "filter/filter.h"
#include "service/aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct compile {
	struct aside_work work;
	char *expression;
	struct filter *filter;
	char why[512];
};

static void drop(struct aside_work *work)
{
	struct compile *compile = (struct compile *)work;

	filter_destroy(compile->filter);
	free(compile->expression);
	free(compile);
}

static void run(struct aside_work *work)
{
	struct compile *compile = (struct compile *)work;

	compile->filter = filter_create(compile->expression, compile->why, sizeof(compile->why));
}

struct aside *compile_begin(const char *expression)
{
	struct compile *compile = calloc(1, sizeof(*compile));
	struct aside *aside;

	if (compile == NULL)
		return NULL;
	compile->work = (struct aside_work){.run = run, .drop = drop};
	compile->expression = strdup(expression);
	aside = compile->expression != NULL ? aside_begin(&compile->work, false) : NULL;
	if (aside == NULL)
		drop(&compile->work);
	return aside;
}

struct filter *compile_end(struct aside *aside, char *why, size_t size)
{
	struct compile *compile = (struct compile *)aside_take(aside);
	struct filter *filter = compile->filter;

	aside_end(aside);
	compile->filter = NULL;
	snprintf(why, size, "%s", compile->why);
	drop(&compile->work);
	return filter;
}
