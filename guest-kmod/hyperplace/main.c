// SPDX-License-Identifier: GPL-2.0-only
/* /dev/hyperplace.  ABI.md is the contract with user space. */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include "hyperplace.h"

static long hp_info(struct hyperplace_info __user *arg)
{
	struct hyperplace_info info = {
		.abi = HYPERPLACE_ABI,
		.features = hp_features(),
		.max_pairs = HYPERPLACE_MAX_PAIRS,
		.max_processes = HYPERPLACE_MAX_PROCESSES,
		.max_chunks = HYPERPLACE_MAX_CHUNKS,
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int hp_open(struct inode *inode, struct file *file)
{
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* Asked again in each call: the file may have been handed on to somebody else. */
static long hp_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	switch (command) {
	case HYPERPLACE_IOC_INFO:
		return hp_info(user);
	case HYPERPLACE_IOC_EXCHANGE:
		return hp_exchange(user);
	case HYPERPLACE_IOC_SCAN:
		return hp_scan(user);
	default:
		return -ENOTTY;
	}
}

/* An open file holds the module, so it cannot be unloaded under a call. */
static const struct file_operations hp_fops = {
	.owner = THIS_MODULE,
	.open = hp_open,
	.unlocked_ioctl = hp_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice hp_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hyperplace",
	.mode = 0600,
	.fops = &hp_fops,
};

static int __init hp_init(void)
{
	hp_symbols_resolve();
	return misc_register(&hp_device);
}

static void __exit hp_exit(void)
{
	misc_deregister(&hp_device);
}

module_init(hp_init);
module_exit(hp_exit);
MODULE_DESCRIPTION("HyperTier: exchange of pages between memory tiers, accessed-bit scan");
MODULE_LICENSE("GPL");
