/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "capture/port.h"

// Starts the DPDK environment. `pci` are the addresses of the cards to be probed, `memory` what
// packet buffers will need. Returns 0 or a negative errno with one line of message.
int eal_start(const struct port_settings *settings, const char *const *pci, uint32_t pci_count,
	      uint64_t memory);

// Forgets what DPDK complained about so far: to be called before a step whose failure is to be
// told.
void eal_forget(void);

// The first line that DPDK or a driver complained with since eal_forget(), for a message; "no
// reason was given" when there is none.
const char *eal_reason(void);
