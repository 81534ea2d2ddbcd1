/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AHEAD 500

static struct {
	const struct table_column *column;
	size_t columns;
	size_t cells; // that wait
	size_t cell;  // of the row that is being made
	bool flowing; // widths are settled
	int width[TABLE_COLUMNS_MOST];
	char *waiting[ROWS_AHEAD * TABLE_COLUMNS_MOST];
} table;

void table_begin(const struct table_column *columns, size_t count)
{
	memset(&table, 0, sizeof(table));
	table.column = columns;
	table.columns = count;
	for (size_t i = 0; i < count; i++)
		table.width[i] = (int)strlen(columns[i].title);
}

bool table_has_begun(void)
{
	return table.columns > 0;
}

static void print_cell(size_t column, const char *text)
{
	bool last = column + 1 == table.columns;

	if (table.column[column].right)
		printf("%*s", table.width[column], text);
	else if (last)
		fputs(text, stdout);
	else
		printf("%-*s", table.width[column], text);
	fputs(last ? "\n" : "  ", stdout);
}

static void flow(void)
{
	if (table.flowing)
		return;
	for (size_t i = 0; i < table.columns; i++)
		print_cell(i, table.column[i].title);
	for (size_t i = 0; i < table.cells; i++) {
		print_cell(i % table.columns, table.waiting[i]);
		free(table.waiting[i]);
	}
	table.cells = 0;
	table.flowing = true;
}

void table_cell(const char *text)
{
	char clean[TABLE_CELL_SIZE];
	size_t column = table.cell++ % table.columns;
	char *copy = NULL;

	snprintf(clean, sizeof(clean), "%s", *text != '\0' ? text : "-");
	for (char *at = clean; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	if ((int)strlen(clean) > table.width[column])
		table.width[column] = (int)strlen(clean);
	if (!table.flowing)
		copy = strdup(clean);
	if (copy != NULL)
		table.waiting[table.cells++] = copy;
	else
		flow(), print_cell(column, clean);
	if (table.cells == ROWS_AHEAD * table.columns)
		flow();
}

void table_end(void)
{
	if (table_has_begun())
		flow();
	table.columns = 0;
}
