// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the memory that it shares with the emulator's plugin, and makes a PMU of
 * it.  For labs: it trusts the emulator.  It cannot be unloaded, since tasks keep
 * pointers to a PMU whose events they once had.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include "vpebs.h"

/* ivshmem-plain; its memory is BAR 2. */
#define IVSHMEM_VENDOR 0x1af4
#define IVSHMEM_DEVICE 0x1110
#define IVSHMEM_BAR 2

bool vpebs_addresses = true;
module_param_named(addresses, vpebs_addresses, bool, 0644);
MODULE_PARM_DESC(addresses,
		 "whether records have data addresses; without, as on a host that hides adaptive PEBS (default Y)");

unsigned int vpebs_drain_ms = 50;
module_param_named(drain_ms, vpebs_drain_ms, uint, 0444);
MODULE_PARM_DESC(drain_ms, "how often to read the records of a task that is never switched out, in ms (default 50)");

DEFINE_PER_CPU(struct vpebs_cpu, vpebs_cpus);

/*
 * Plain memory of the host, so the emulator needs none of the care that I/O
 * memory gets; mapped as sysfs maps it for programs, or one of the two would fail.
 */
static struct vpebs_shared *map(struct pci_dev *device)
{
	struct vpebs_shared *shared;

	if (pci_resource_len(device, IVSHMEM_BAR) < sizeof(*shared) || pci_enable_device(device))
		return NULL;
	shared = (__force struct vpebs_shared *)ioremap(pci_resource_start(device, IVSHMEM_BAR), sizeof(*shared));
	if (!shared)
		return NULL;
	if (READ_ONCE(shared->header.magic) == VPEBS_MAGIC && shared->header.version == VPEBS_VERSION)
		return shared;
	iounmap((__force void __iomem *)shared);
	return NULL;
}

static struct vpebs_shared *find(void)
{
	struct vpebs_shared *shared = NULL;
	struct pci_dev *device = NULL;

	while (!shared && (device = pci_get_device(IVSHMEM_VENDOR, IVSHMEM_DEVICE, device)))
		shared = map(device);
	pci_dev_put(device);
	return shared;
}

/* On each CPU: the plugin must answer in this CPU's own area, or numbers of CPUs and vCPUs differ. */
static void check_cpu(void *agreed)
{
	struct vpebs_vcpu *shared = this_cpu_ptr(&vpebs_cpus)->shared;
	u64 before = READ_ONCE(shared->acknowledged);

	VPEBS_MARK(VPEBS_MARK_SYNC);
	if (READ_ONCE(shared->acknowledged) != before + 1)
		WRITE_ONCE(*(bool *)agreed, false);
}

static int __init vpebs_init(void)
{
	struct vpebs_shared *shared = find();
	bool agreed = true;
	int cpu, error;

	if (!shared) {
		pr_err("no ivshmem-plain device with the plugin's memory; start QEMU with -plugin and the device\n");
		return -ENODEV;
	}
	if (nr_cpu_ids > shared->header.vcpus || !vpebs_drain_ms) {
		pr_err("the plugin has room for %u CPUs, not %u; or drain_ms is 0\n", shared->header.vcpus, nr_cpu_ids);
		return -EINVAL;
	}
	for_each_possible_cpu(cpu)
	{
		per_cpu(vpebs_cpus, cpu).shared = &shared->vcpus[cpu];
		vpebs_timer_init(&per_cpu(vpebs_cpus, cpu));
	}
	on_each_cpu(check_cpu, &agreed, 1);
	if (!agreed) {
		pr_err("the plugin numbers CPUs in another order\n");
		return -EINVAL;
	}
	error = vpebs_symbols_resolve();
	return error ?: vpebs_pmu_register();
}
module_init(vpebs_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("HyperTier lab: virtual PEBS");
