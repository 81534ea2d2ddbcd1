/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#pragma once

#include "capture/reader.h"

#include <stdbool.h>
#include <stdint.h>

// Devices that packets are received from: a PCI address (0000:3b:00.0), the name of a kernel
// interface (eth0), or a virtual device as DPDK spells it (net_pcap0,rx_pcap=a.pcap).

struct rte_mempool;

struct port_settings {
	const char *const *names;
	uint32_t name_count;
	uint32_t workers;
	uint32_t queues; // for each port; 0: one a worker, where the device can
	uint16_t descriptors;
	uint32_t buffers; // 0: as many as are needed
	uint32_t buffer_size;
	bool promiscuous;
	bool hugepages;
	uint64_t memory;          // 0: as much as is needed
	const char *const *cores; // for the workers; empty: any
	uint32_t core_count;
	const char *const *eal; // further arguments
	uint32_t eal_count;
};

struct port_queue {
	uint16_t port;
	uint16_t queue;
};

struct ports;

// Starts the DPDK environment with one lcore for control and one a worker, and opens all devices.
// NULL with one line of message that says what to do. Start-up only, once a process.
struct ports *ports_open(const struct port_settings *settings);

// Stops the devices. After the workers ended.
void ports_close(struct ports *ports);

// The queues that `worker` polls. Returns how many; *queues points to them as long as `ports`
// lives.
uint32_t ports_queues(const struct ports *ports, uint32_t worker, const struct port_queue **queues);

// Packets that the devices lost before weir saw them, because nobody fetched them or there was no
// buffer. Any thread.
uint64_t ports_missed(const struct ports *ports);

// Runs `function(argument)` on the lcore of `worker`. Returns 0 or a negative errno.
int ports_launch(uint32_t worker, int (*function)(void *), void *argument);

// Waits until all launched functions returned.
void ports_wait(void);
