/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the weir authors */
#include "capture/port.h"

#include "base/message.h"
#include "capture/eal.h"
#include "capture/rss.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS_MOST  32
#define QUEUES_MOST 256
// Buffers that each worker may hold besides those in queues: bursts, handoff rings, the pool's
// cache.
#define BUFFERS_A_WORKER 8192
#define POOL_CACHE       256
#define SEND_DESCRIPTORS 512
#define SCALING_KEY_MOST 64
// Room for a frame of a kernel interface. The kernel joins IP fragments before the driver of
// DPDK 22.11 sees them, and what does not fit is cut, so this is more than any link's own frames.
#define INTERFACE_FRAME  16384
#define INTERFACE_MEMORY (UINT64_C(256) << 20)

struct ports {
	uint32_t workers;
	uint32_t count;
	uint16_t port[PORTS_MOST];
	bool started[PORTS_MOST];
	struct rte_mempool *pool;
	uint32_t queue_count[64];
	struct port_queue queue[64][QUEUES_MOST];
};

static bool is_pci(const char *name)
{
	unsigned domain, bus, device, function;
	char rest;

	return sscanf(name, "%x:%x:%x.%x%c", &domain, &bus, &device, &function, &rest) == 4 ||
	       sscanf(name, "%x:%x.%x%c", &bus, &device, &function, &rest) == 3;
}

static bool is_virtual(const char *name)
{
	return strncmp(name, "net_", 4) == 0 || strncmp(name, "eth_", 4) == 0;
}

static bool is_interface(const char *name)
{
	return !is_pci(name) && !is_virtual(name);
}

static uint32_t interface_count(const struct port_settings *settings)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < settings->name_count; i++)
		count += is_interface(settings->names[i]);
	return count;
}

// Kernel interfaces copy, so that no buffer waits in their queues.
static uint32_t buffer_count(const struct port_settings *settings)
{
	uint32_t queues = settings->queues != 0 ? settings->queues : settings->workers;
	uint32_t holding = settings->name_count - interface_count(settings);

	if (settings->buffers != 0)
		return settings->buffers;
	return holding * queues * settings->descriptors + settings->workers * BUFFERS_A_WORKER;
}

static uint32_t buffer_size(const struct port_settings *settings)
{
	if (interface_count(settings) > 0 && settings->buffer_size < INTERFACE_FRAME)
		return INTERFACE_FRAME;
	return settings->buffer_size;
}

static uint64_t memory_needed(const struct port_settings *settings)
{
	uint64_t element = buffer_size(settings) + RTE_PKTMBUF_HEADROOM + sizeof(struct rte_mbuf) +
			   128;
	uint64_t needed = buffer_count(settings) * element;

	if (settings->memory != 0)
		return settings->memory;
	// The allocator aligns, and drivers take their share.
	return (needed + needed / 8 + (UINT64_C(96) << 20)) & ~((UINT64_C(2) << 20) - 1);
}

// The queues a kernel interface is opened with, and frames as large as a buffer.
static void describe_interface(const struct port_settings *settings, const char *name,
			       uint32_t index, char *text, size_t size)
{
	uint32_t frame = buffer_size(settings) & ~15u, block = 4096;
	uint32_t queues = settings->queues != 0 ? settings->queues : 1;
	uint64_t frames = settings->descriptors;

	// The kernel keeps this memory for us alone: never more than a fixed amount for an
	// interface.
	if (frames * frame * queues > INTERFACE_MEMORY)
		frames = INTERFACE_MEMORY / ((uint64_t)frame * queues);

	while (block < frame)
		block *= 2;
	snprintf(text, size, "net_af_packet%u,iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u",
		 index, name, queues, block, frame, (unsigned)frames);
}

// Does the kernel join received packets to larger ones (generic receive offload)?
static bool interface_merges(const char *name)
{
	struct ethtool_value value = {.cmd = ETHTOOL_GGRO};
	struct ifreq request = {.ifr_data = (void *)&value};
	int handle = socket(AF_INET, SOCK_DGRAM, 0);
	bool merges;

	if (handle < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	merges = ioctl(handle, SIOCETHTOOL, &request) == 0 && value.data != 0;
	close(handle);
	return merges;
}

// Makes the device of a kernel interface or a virtual one; cards were found when the environment
// started.
static int probe(const struct port_settings *settings, uint32_t index)
{
	const char *name = settings->names[index];
	char arguments[512];

	if (is_pci(name))
		return 0;
	if (is_virtual(name)) {
		snprintf(arguments, sizeof(arguments), "%s", name);
	} else if (strlen(name) < IF_NAMESIZE && if_nametoindex(name) != 0) {
		describe_interface(settings, name, index, arguments, sizeof(arguments));
		if (interface_merges(name))
			message_warning("-i %s: the kernel merges packets of this interface, so "
					"that counts are too low; switch that off with 'ethtool -K "
					"%s gro off lro off'",
					name, name);
	} else {
		message_error("-i %s: there is no such device; give a network interface of this "
			      "machine ('ip link' lists them), a PCI address such as 0000:3b:00.0, "
			      "or a virtual device such as net_pcap0,rx_pcap=FILE",
			      name);
		return -ENODEV;
	}
	eal_forget();
	if (rte_dev_probe(arguments) < 0) {
		message_error(
			"-i %s: cannot be opened: %s; a network interface needs root or "
			"CAP_NET_RAW, a virtual device its arguments as DPDK's manual has them",
			name, eal_reason());
		return -ENODEV;
	}
	return 0;
}

static int find_port(const struct port_settings *settings, uint32_t index, uint16_t *port)
{
	const char *name = settings->names[index];
	char device[256];
	size_t length = strcspn(name, ",");

	if (is_interface(name))
		snprintf(device, sizeof(device), "net_af_packet%u", index);
	else if (is_pci(name) && strchr(name, ':') == strrchr(name, ':'))
		snprintf(device, sizeof(device), "0000:%.*s", (int)length, name);
	else
		snprintf(device, sizeof(device), "%.*s", (int)length, name);
	if (rte_eth_dev_get_port_by_name(device, port) == 0)
		return 0;
	message_error("-i %s: no port was found at that address; is the card there, and bound to "
		      "vfio-pci ('deploy/nic-bind show')?",
		      name);
	return -ENODEV;
}

// As many queues as were asked for, as far as the device has them and can keep both directions
// together.
static uint16_t choose_queues(const struct port_settings *settings,
			      const struct rte_eth_dev_info *info, bool scaling)
{
	uint32_t queues = settings->queues;

	if (queues == 0)
		queues = scaling ? settings->workers : 1;
	if (queues > info->max_rx_queues)
		queues = info->max_rx_queues;
	return (uint16_t)(queues > 0 ? queues : 1);
}

// The hash over addresses and ports, as far as the device has it, with the symmetric key.
static bool configure_scaling(const struct rte_eth_dev_info *info, struct rte_eth_conf *conf,
			      uint8_t *key)
{
	uint64_t wanted = (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) &
			  info->flow_type_rss_offloads;

	if (wanted == 0 || info->max_rx_queues < 2 || info->hash_key_size > SCALING_KEY_MOST)
		return false;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = wanted;
	conf->rx_adv_conf.rss_conf.rss_key = key;
	conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size != 0 ? info->hash_key_size
									  : RSS_KEY_SIZE;
	return true;
}

// Queue i is polled by worker i, so that the card chooses the worker as rss_worker() does in
// software.
static int fill_indirection(uint16_t port, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / 64];
	uint16_t size = info->reta_size;

	if (size < RSS_ENTRIES || size > RTE_ETH_RSS_RETA_SIZE_512)
		return -ENOTSUP;
	memset(table, 0, sizeof(table));
	for (uint16_t i = 0; i < size; i++) {
		table[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							   << (i % RTE_ETH_RETA_GROUP_SIZE);
		table[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			rss_entry[i % RSS_ENTRIES];
	}
	return rte_eth_dev_rss_reta_update(port, table, size);
}

// Sending is of no use here, but some drivers want a send queue for each receive queue.
static int configure(uint16_t port, uint16_t queues, const struct rte_eth_dev_info *info,
		     const struct rte_eth_conf *conf, uint16_t *send_queues)
{
	int result = -EINVAL;

	*send_queues = 0;
	// net_vhost accepts none, and then receives nothing (DPDK 22.11, update_queuing_status()).
	if (strcmp(info->driver_name, "net_vhost") != 0)
		result = rte_eth_dev_configure(port, queues, 0, conf);
	if (result == 0)
		return 0;
	*send_queues = queues;
	eal_forget();
	return rte_eth_dev_configure(port, queues, queues, conf);
}

static int start_queues(struct ports *ports, const struct port_settings *settings, uint16_t port,
			uint16_t queues, uint16_t send_queues)
{
	uint16_t receive = settings->descriptors, send = SEND_DESCRIPTORS;
	unsigned socket = (unsigned)rte_eth_dev_socket_id(port);
	int result = rte_eth_dev_adjust_nb_rx_tx_desc(port, &receive, &send);

	for (uint16_t queue = 0; queue < queues && result == 0; queue++)
		result = rte_eth_rx_queue_setup(port, queue, receive, socket, NULL, ports->pool);
	for (uint16_t queue = 0; queue < send_queues && result == 0; queue++)
		result = rte_eth_tx_queue_setup(port, queue, send, socket, NULL);
	return result == 0 ? rte_eth_dev_start(port) : result;
}

// Deals the queues of a port out to the workers.
static void assign_queues(struct ports *ports, uint16_t port, uint16_t queues)
{
	for (uint16_t queue = 0; queue < queues; queue++) {
		uint32_t worker = queue % ports->workers;

		if (ports->queue_count[worker] == QUEUES_MOST)
			continue;
		ports->queue[worker][ports->queue_count[worker]++] = (struct port_queue){
			.port = port, .queue = queue};
	}
}

static int start_port(struct ports *ports, const struct port_settings *settings, const char *name,
		      uint16_t port)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint8_t key[SCALING_KEY_MOST];
	uint16_t queues = 1, send_queues = 0;
	bool scaling = false;
	int result;

	eal_forget();
	result = rte_eth_dev_info_get(port, &info);

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = rss_key[i % 2];
	if (result == 0) {
		scaling = configure_scaling(&info, &conf, key);
		queues = choose_queues(settings, &info, scaling);
		if (queues < 2)
			conf.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
		result = configure(port, queues, &info, &conf, &send_queues);
		if (result == 0)
			result = start_queues(ports, settings, port, queues, send_queues);
	}
	if (result < 0) {
		message_error("-i %s: the device does not start: %s (%s); try fewer queues or "
			      "descriptors in [capture], or more buffers",
			      name, rte_strerror(-result), eal_reason());
		return result;
	}
	ports->started[ports->count - 1] = true;
	if (settings->promiscuous && rte_eth_promiscuous_enable(port) < 0)
		message_warning("-i %s: promiscuous mode is not to be had; only frames for this "
				"machine are seen",
				name);
	// Without it a card still works: what it deals out elsewhere changes hands between the
	// workers.
	if (scaling && queues == settings->workers && queues > 1)
		fill_indirection(port, &info);
	assign_queues(ports, port, queues);
	return 0;
}

static int open_all(struct ports *ports, const struct port_settings *settings)
{
	int result = 0;

	for (uint32_t i = 0; i < settings->name_count && result == 0; i++)
		result = probe(settings, i);
	for (uint32_t i = 0; i < settings->name_count && result == 0; i++) {
		result = find_port(settings, i, &ports->port[ports->count]);
		if (result == 0) {
			ports->count++;
			result = start_port(ports, settings, settings->names[i],
					    ports->port[ports->count - 1]);
		}
	}
	return result;
}

struct ports *ports_open(const struct port_settings *settings)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	const char *pci[PORTS_MOST];
	uint32_t pci_count = 0;

	if (ports == NULL)
		return NULL;
	if (settings->name_count > PORTS_MOST) {
		message_error("-i: %u devices are too many, at most %u can be opened",
			      settings->name_count, PORTS_MOST);
		goto failed;
	}
	for (uint32_t i = 0; i < settings->name_count; i++) {
		if (is_pci(settings->names[i]))
			pci[pci_count++] = settings->names[i];
	}
	ports->workers = settings->workers;
	rss_prepare(settings->workers);
	if (eal_start(settings, pci, pci_count, memory_needed(settings)) < 0)
		goto failed;
	ports->pool = rte_pktmbuf_pool_create(
		"weir", buffer_count(settings), POOL_CACHE, 0,
		(uint16_t)(buffer_size(settings) + RTE_PKTMBUF_HEADROOM), SOCKET_ID_ANY);
	if (ports->pool == NULL) {
		message_error("no memory for %u packet buffers of %u bytes: raise [capture] "
			      "memory, or lower buffers or descriptors",
			      buffer_count(settings), buffer_size(settings));
		goto failed;
	}
	if (open_all(ports, settings) < 0)
		goto failed;
	return ports;

failed:
	ports_close(ports);
	return NULL;
}

void ports_close(struct ports *ports)
{
	if (ports == NULL)
		return;
	for (uint32_t i = 0; i < ports->count; i++) {
		if (ports->started[i])
			rte_eth_dev_stop(ports->port[i]);
		rte_eth_dev_close(ports->port[i]);
	}
	free(ports);
}

uint32_t ports_queues(const struct ports *ports, uint32_t worker, const struct port_queue **queues)
{
	*queues = ports->queue[worker];
	return ports->queue_count[worker];
}

uint64_t ports_missed(const struct ports *ports)
{
	uint64_t missed = 0;

	for (uint32_t i = 0; i < ports->count; i++) {
		struct rte_eth_stats stats;

		if (rte_eth_stats_get(ports->port[i], &stats) == 0)
			missed += stats.imissed + stats.ierrors + stats.rx_nombuf;
	}
	return missed;
}

int ports_launch(uint32_t worker, int (*function)(void *), void *argument)
{
	return rte_eal_remote_launch(function, argument, worker + 1);
}

void ports_wait(void)
{
	rte_eal_mp_wait_lcore();
}
