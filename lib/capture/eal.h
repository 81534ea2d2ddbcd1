/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "capture/port.h"

// Starts the DPDK environment. `pci` are the addresses of the cards to be probed, `memory` what
// packet buffers will need. Returns 0 or a negative errno with one line of message.
int eal_start(const struct port_settings *settings, const char *const *pci, uint32_t pci_count,
	      uint64_t memory);

// The last line that a DPDK library or driver complained with, for a message; "no reason was given"
// when there is none.
const char *eal_reason(void);

// Are buffers on huge pages?
bool eal_has_hugepages(void);
