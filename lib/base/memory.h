/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

// A large block of zeroed memory. With `hugepages`, reserved huge pages are used and touched at
// once where there are enough of them; otherwise the kernel is asked for transparent huge pages,
// which need no reservation, and memory is taken as it is touched: 2 MiB at a time, but at the
// begin of a block that was to have no huge pages. Returns NULL with errno set. Start-up only.
void *memory_map(size_t size, bool hugepages);

// Gives the block back; `size` as it was asked for.
void memory_unmap(void *memory, size_t size);
