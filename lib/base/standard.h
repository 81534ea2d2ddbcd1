/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

// Opens those standard streams that were closed, as /dev/null: the next file or socket would get the
// number of one, and what is printed would end up in it. Before anything else is opened.
void standard_streams_open(void);
