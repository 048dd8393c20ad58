// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/hyperflex, as ABI.md has it: read a snapshot, poll for the next change,
 * write a command.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hyperflex.h"

#define HF_SNAPSHOT_MAX	4096
#define HF_COMMAND_MAX	255

/* An open file can outlive the device (unbind), so these are not the device's. */
static DECLARE_RWSEM(hf_chardev_sem);		/* hf_chardev_dev is stable for readers */
static struct hf_dev *hf_chardev_dev;
static DECLARE_WAIT_QUEUE_HEAD(hf_chardev_wait);
static atomic_t hf_chardev_seq = ATOMIC_INIT(0);

struct hf_file {
	struct mutex lock;
	int seen;		/* hf_chardev_seq at the last snapshot */
	size_t len;
	char text[HF_SNAPSHOT_MAX];
};

/* Something that the snapshot shows has changed.  Any context. */
void hf_notify(void)
{
	atomic_inc(&hf_chardev_seq);
	wake_up_interruptible_poll(&hf_chardev_wait, EPOLLIN | EPOLLPRI);
}

static size_t hf_snapshot_tier(struct hf_tier *t, char *buf, size_t size)
{
	static const char * const states[] = {
		[HF_IDLE] = "idle", [HF_INFLATING] = "inflating",
		[HF_DEFLATING] = "deflating", [HF_SHORT] = "short",
	};
	unsigned long held, target, shortfall;
	enum hf_state state;
	size_t n;

	spin_lock(&t->lock);
	held = t->held;
	target = t->target;
	shortfall = t->shortfall;
	state = t->state;
	spin_unlock(&t->lock);

	n = scnprintf(buf, size, "%s.node %d\n", t->name, t->node);
	n += scnprintf(buf + n, size - n, "%s.present_bytes %llu\n", t->name,
		       hf_to_bytes(hf_tier_present(t)));
	n += scnprintf(buf + n, size - n, "%s.free_bytes %llu\n", t->name,
		       hf_to_bytes(hf_tier_free(t)));
	n += scnprintf(buf + n, size - n, "%s.balloon_target_bytes %llu\n", t->name,
		       hf_to_bytes(target));
	n += scnprintf(buf + n, size - n, "%s.balloon_bytes %llu\n", t->name,
		       hf_to_bytes(held));
	n += scnprintf(buf + n, size - n, "%s.shortfall_bytes %llu\n", t->name,
		       hf_to_bytes(shortfall));
	n += scnprintf(buf + n, size - n, "%s.state %s\n", t->name, states[state]);
	return n;
}

/* Targets, generation and source belong together: target_lock. */
static size_t hf_snapshot(struct hf_dev *hf, char *buf, size_t size)
{
	static const char * const sources[] = {
		[HF_SOURCE_BOOT] = "boot", [HF_SOURCE_AGENT] = "agent",
		[HF_SOURCE_TOTAL] = "total",
	};
	u64 rediscards = U64_MAX;
	struct hf_tier *t;
	size_t n;

	/* A command is finished when the slower tier has finished it. */
	hf_for_each_tier(hf, t) {
		spin_lock(&t->lock);
		rediscards = min(rediscards, t->rediscard_done);
		spin_unlock(&t->lock);
	}

	mutex_lock(&hf->target_lock);
	n = scnprintf(buf, size, "abi 1\ngeneration %llu\nsource %s\n",
		      hf->generation, sources[hf->source]);
	n += scnprintf(buf + n, size - n, "transport %s\nisolate %d\nrediscards %llu\n",
		       hf->tx.reporting ? "reporting" : "inflate", hf_take_isolates(),
		       rediscards);
	n += scnprintf(buf + n, size - n, "oom_deflates %lld\noom_deflated_bytes %llu\n",
		       atomic64_read(&hf->oom_deflates),
		       hf_to_bytes(atomic64_read(&hf->oom_pages)));
	n += scnprintf(buf + n, size - n, "broken %d\n", hf_broken(hf));
	hf_for_each_tier(hf, t)
		n += hf_snapshot_tier(t, buf + n, size - n);
	mutex_unlock(&hf->target_lock);
	return n;
}

static int hf_open(struct inode *inode, struct file *file)
{
	struct hf_file *f = kvzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	/* Nothing read yet: the first poll is ready at once. */
	f->seen = atomic_read(&hf_chardev_seq) - 1;
	file->private_data = f;
	return 0;
}

static int hf_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

/* From offset 0 a fresh snapshot; beyond, the rest of the one before. */
static ssize_t hf_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	struct hf_file *f = file->private_data;
	ssize_t ret = 0;

	if (mutex_lock_interruptible(&f->lock))
		return -EINTR;
	if (!*pos) {
		down_read(&hf_chardev_sem);
		if (hf_chardev_dev) {
			/* First the count: a change in between shows at the next poll. */
			f->seen = atomic_read(&hf_chardev_seq);
			smp_rmb();
			f->len = hf_snapshot(hf_chardev_dev, f->text, sizeof(f->text));
		} else {
			ret = -ENODEV;
		}
		up_read(&hf_chardev_sem);
	}
	if (!ret)
		ret = simple_read_from_buffer(buf, count, pos, f->text, f->len);
	mutex_unlock(&f->lock);
	return ret;
}

static ssize_t hf_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char text[HF_COMMAND_MAX + 1];
	int err = -ENODEV;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!count || count > HF_COMMAND_MAX)
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	if (memchr(text, '\0', count))
		return -EINVAL;
	text[count] = '\0';
	if (text[count - 1] == '\n')
		text[count - 1] = '\0';

	down_read(&hf_chardev_sem);
	if (hf_chardev_dev)
		err = hf_command(hf_chardev_dev, text);
	up_read(&hf_chardev_sem);
	return err ? err : count;
}

static __poll_t hf_poll(struct file *file, poll_table *wait)
{
	struct hf_file *f = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &hf_chardev_wait, wait);
	if (!READ_ONCE(hf_chardev_dev))
		return EPOLLERR | EPOLLHUP;
	if (atomic_read(&hf_chardev_seq) != READ_ONCE(f->seen))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLPRI;
	return mask;
}

static const struct file_operations hf_fops = {
	.owner = THIS_MODULE,
	.open = hf_open,
	.release = hf_release,
	.read = hf_read,
	.write = hf_write,
	.poll = hf_poll,
	.llseek = default_llseek,
};

static struct miscdevice hf_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "hyperflex",
	.mode = 0600,
	.fops = &hf_fops,
};

int hf_chardev_init(struct hf_dev *hf)
{
	int err;

	down_write(&hf_chardev_sem);
	hf_chardev_dev = hf;
	up_write(&hf_chardev_sem);
	err = misc_register(&hf_misc);
	if (err) {
		down_write(&hf_chardev_sem);
		hf_chardev_dev = NULL;
		up_write(&hf_chardev_sem);
	}
	return err;
}

/* After this no command is under way, and none can come. */
void hf_chardev_exit(void)
{
	misc_deregister(&hf_misc);
	down_write(&hf_chardev_sem);
	WRITE_ONCE(hf_chardev_dev, NULL);
	up_write(&hf_chardev_sem);
	hf_notify();
}
