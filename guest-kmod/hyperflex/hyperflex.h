/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hyperflex: two balloons, one a memory tier, over the one stock virtio-balloon
 * device.  ABI.md is the contract with user space and the host.
 *
 * Life of a block (2^order contiguous, non-compound pages, a reference on the
 * head only):
 *
 *   buddy --take--> stash --send--> in flight --host has discarded--> held
 *     ^               |                                                |
 *     +---------------+------------- release (deflate, OOM, unload) ---+
 *
 * A block in flight is on no list but its request's, so nothing can free it
 * while the host may still discard it.  Releasing never waits for the host.
 *
 * Locks, outermost first:
 *   hf->target_lock  mutex: targets, generation, source
 *   hf->actual_lock  mutex: writes of the device's `actual`
 *   tier->lock       spinlock: block lists, counters, state.  Taken by the OOM
 *                    notifier, so nothing sleeps or allocates under it.
 *   movable.pages_lock  the kernel's, irq-safe: the list of movable pages
 *   tx->lock         spinlock, irq-safe: the virtqueues and request states
 */
#ifndef HF_HYPERFLEX_H
#define HF_HYPERFLEX_H

#include <linux/balloon_compaction.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/page_reporting.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* 2 MiB: what EPT and host THP like, and what the buddy allocator keeps whole. */
#define HF_BLOCK_ORDER	(21 - PAGE_SHIFT)
#define HF_NR_ORDERS	(HF_BLOCK_ORDER + 1)
#define HF_BLOCK_PAGES	(1UL << HF_BLOCK_ORDER)

/* Segments a request: page_reporting's capacity, and the ring of the device. */
#define HF_REQ_SG	PAGE_REPORTING_CAPACITY
/*
 * Requests in flight a tier.  The host works on one at a time; three more keep
 * it busy while the guest gathers the next.
 */
#define HF_TIER_REQS	4
/*
 * Pages a request or one take: 32 MiB.  QEMU discards a request in one go with
 * its big lock held, so this also bounds how long the guest's other I/O waits.
 */
#define HF_REQ_PAGES	(HF_BLOCK_PAGES * 16)

#define HF_DEVICE_WARN	(30 * HZ)	/* silence of the device worth a warning */
#define HF_DEVICE_DEAD	(300 * HZ)	/* silence after which it counts as broken */
#define HF_QUIESCE	(10 * HZ)	/* how long unloading waits before it resets the device */

enum hf_tier_id { HF_FMEM, HF_SMEM, HF_NR_TIERS };

enum hf_source { HF_SOURCE_BOOT, HF_SOURCE_AGENT, HF_SOURCE_TOTAL };

enum hf_state {
	HF_IDLE,	/* on target */
	HF_INFLATING,
	HF_DEFLATING,
	HF_SHORT,	/* the node cannot give more now; tries again by itself */
};

enum hf_req_state {
	HF_REQ_IDLE,	/* its owner's */
	HF_REQ_SENT,	/* the device's: its blocks may be discarded any moment */
	HF_REQ_DONE,	/* the device is through with it; waits for its owner */
};

struct hf_dev;
struct hf_tier;

/* One request to discard some blocks.  State changes under tx->lock. */
struct hf_req {
	enum hf_req_state state;
	struct list_head blocks;	/* linked by page->lru, order in page->private */
	unsigned long nr_pages;
	bool again;			/* of a rediscard: the blocks were held before */
	unsigned int nents;		/* reporting: used entries of sg */
	struct scatterlist sg[HF_REQ_SG];
	unsigned int nr_pfns;		/* inflate: used entries of pfns */
	__virtio32 *pfns;		/* one page; NULL with the reporting transport */
};

struct hf_transport {
	spinlock_t lock;
	struct virtqueue *discard_vq;	/* the reporting or the inflate queue */
	struct virtqueue *deflate_vq;
	struct virtqueue *stats_vq;	/* NULL if not offered */
	bool reporting;			/* discard_vq is the reporting queue */
	unsigned int max_sg;		/* entries that one request may use */
	wait_queue_head_t acked;
	unsigned int acks;		/* counts used buffers, for waiters */
	unsigned int outstanding;	/* requests that the device holds */
	unsigned long since;		/* jiffies of the last ack, or of the first send */
	unsigned long warned;
	bool reset;			/* the device was reset: it touches nothing any more */

	struct mutex migrate_lock;	/* owner of migrate_req */
	struct hf_req migrate_req;	/* balloon page migration: one page at a time */
	struct hf_req report_req;	/* the kernel's page_reporting: it sends one at a time */
	struct hf_req deflate_req;	/* inflate transport: courtesy note to the host */
};

struct hf_tier {
	struct hf_dev *hf;
	const char *name;
	int node;			/* NUMA_NO_NODE: the guest has no such tier */
	struct delayed_work work;

	spinlock_t lock;
	/* Held blocks by order, 1 to HF_BLOCK_ORDER; order 0 is in @movable. */
	struct list_head blocks[HF_NR_ORDERS];
	/* Held blocks that the rediscard under way has still to send; order 0 too. */
	struct list_head stale[HF_NR_ORDERS];
	struct balloon_dev_info movable;
	unsigned long held;		/* pages of the balloon, rediscard included */
	unsigned long in_flight;	/* pages sent and not yet acknowledged */
	unsigned long target;		/* pages */
	unsigned long shortfall;	/* pages */
	enum hf_state state;
	bool poke;			/* something changed: the worker looks again */
	u64 rediscard_done;		/* the last rediscard command that was finished */

	/* The rest is the worker's own. */
	struct hf_req reqs[HF_TIER_REQS];
	struct list_head stash;		/* taken, not yet sent */
	unsigned long stashed;		/* pages */
	unsigned int again_in_flight;	/* requests of the rediscard under way */
	bool pass_active;
	bool pass_missed;		/* compaction had pages out when the pass began */
	u64 pass;			/* the command that the pass serves */
	int try_order;			/* highest order that did not fail in this run */
	unsigned int misses;		/* attempts in a row that got nothing */
	unsigned long backoff;		/* jiffies */
	unsigned long next_reclaim;	/* jiffies; reclaim is not tried before */
};

struct hf_dev {
	struct virtio_device *vdev;
	struct hf_transport tx;
	struct hf_tier tiers[HF_NR_TIERS];
	struct workqueue_struct *wq;
	bool stopping;
	bool broken;

	struct mutex target_lock;
	u64 generation;
	enum hf_source source;
	u32 num_pages_seen;		/* last total acted on, 4 KiB pages */
	struct work_struct config_work;

	struct mutex actual_lock;
	u32 actual;			/* last value written, 4 KiB pages */
	struct work_struct actual_work;
	unsigned long last_progress;	/* jiffies */
	bool dirty;			/* a balloon changed, readers do not know */

	u64 rediscard_wanted;		/* under target_lock; read by workers */

	struct notifier_block oom_nb;
	unsigned long oom_hold_until;	/* jiffies; valid if oom_hold */
	bool oom_hold;
	atomic64_t oom_deflates;
	atomic64_t oom_pages;

	struct notifier_block pm_nb;

	bool reporting_registered;
	struct page_reporting_dev_info pr_dev_info;

	struct work_struct stats_work;
	struct virtio_balloon_stat stats[VIRTIO_BALLOON_S_NR];
};

static inline struct hf_tier *hf_tier_from(struct hf_dev *hf, struct hf_tier *t)
{
	while (t < hf->tiers + HF_NR_TIERS && t->node == NUMA_NO_NODE)
		t++;
	return t;
}

/* The tiers that the guest has. */
#define hf_for_each_tier(hf, t)						\
	for ((t) = hf_tier_from(hf, (hf)->tiers);			\
	     (t) < (hf)->tiers + HF_NR_TIERS; (t) = hf_tier_from(hf, (t) + 1))

#define hf_to_pages(bytes)	((unsigned long)((bytes) >> PAGE_SHIFT))
#define hf_to_bytes(pages)	((u64)(pages) << PAGE_SHIFT)
/* The device counts in 4 KiB pages whatever the guest's page size. */
#define hf_to_4k(pages)		((u64)(pages) << (PAGE_SHIFT - VIRTIO_BALLOON_PFN_SHIFT))

static inline bool hf_stopping(struct hf_dev *hf)
{
	return READ_ONCE(hf->stopping);
}

static inline bool hf_broken(struct hf_dev *hf)
{
	return READ_ONCE(hf->broken);
}

/* main.c */
void hf_latch_broken(struct hf_dev *hf, const char *why);
void hf_update_actual(struct hf_dev *hf);
bool hf_is_empty(struct hf_dev *hf);
void hf_device_ready(struct hf_dev *hf);

/* pm.c */
int hf_pm_init(struct hf_dev *hf);
void hf_pm_exit(struct hf_dev *hf);
int hf_freeze(struct virtio_device *vdev);
int hf_restore(struct virtio_device *vdev);

/* reporting.c */
void hf_reporting_validate(struct virtio_device *vdev);
void hf_reporting_start(struct hf_dev *hf);
void hf_reporting_stop(struct hf_dev *hf);

/* boot.c */
struct hf_boot {
	int node[HF_NR_TIERS];
	u64 balloon[HF_NR_TIERS];	/* bytes */
};

void hf_boot_read(struct hf_boot *boot);

/* target.c */
int hf_target_set(struct hf_dev *hf, u64 generation, const bool given[HF_NR_TIERS],
		  const u64 bytes[HF_NR_TIERS]);
int hf_target_rediscard(struct hf_dev *hf);
void hf_target_boot(struct hf_dev *hf, const struct hf_boot *boot);
void hf_target_total(struct hf_dev *hf, bool bind);

/* tier.c */
int hf_tier_init(struct hf_dev *hf, struct hf_tier *t, const char *name, int node);
void hf_tier_exit(struct hf_tier *t);
void hf_tier_kick(struct hf_tier *t);
void hf_tier_set_target(struct hf_tier *t, unsigned long pages);
void hf_tier_reap(struct hf_tier *t);
bool hf_tier_settled(struct hf_tier *t);
unsigned long hf_tier_present(const struct hf_tier *t);
unsigned long hf_tier_free(const struct hf_tier *t);

/* rediscard.c */
bool hf_rediscard_wanted(struct hf_tier *t);
bool hf_rediscard_step(struct hf_tier *t);
void hf_rediscard_done(struct hf_tier *t, struct hf_req *req);

/* blocks.c */
void hf_blocks_init(struct hf_tier *t);
void hf_blocks_hold(struct hf_tier *t, struct list_head *blocks);
unsigned long hf_blocks_release(struct hf_tier *t, unsigned long pages);
void hf_block_withdraw(struct page *page);
void hf_block_free(struct page *page);
void hf_block_readmit(struct page *page);

/* movable.c */
#ifdef CONFIG_BALLOON_COMPACTION
int hf_movable_migrate(struct balloon_dev_info *movable, struct page *newpage,
		       struct page *page, enum migrate_mode mode);
#endif

/* take.c */
extern bool hf_isolate;
void hf_take_resolve(void);
bool hf_take_isolates(void);
unsigned long hf_take_spare(int node);
unsigned long hf_take(struct hf_tier *t, unsigned long want);
unsigned long hf_take_reclaim(struct hf_tier *t, unsigned long want);

/* request.c */
int hf_req_init(struct hf_dev *hf, struct hf_req *req);
void hf_req_exit(struct hf_req *req);
void hf_req_clear(struct hf_req *req);
bool hf_req_add(struct hf_dev *hf, struct hf_req *req, struct page *page, unsigned int order);
bool hf_req_add_pfns(struct hf_dev *hf, struct hf_req *req, struct page *page,
		     unsigned int order);
bool hf_req_finished(struct hf_dev *hf, struct hf_req *req);

/* transport.c */
int hf_tx_init(struct hf_dev *hf);
int hf_tx_start(struct hf_dev *hf);
void hf_tx_exit(struct hf_dev *hf);
int hf_tx_submit(struct hf_dev *hf, struct hf_req *req, struct scatterlist *sg,
		 unsigned int nents);
int hf_tx_send(struct hf_dev *hf, struct hf_req *req);
void hf_tx_check(struct hf_dev *hf);
void hf_tx_wait_req(struct hf_dev *hf, struct hf_req *req, bool give_up);
bool hf_tx_wait_idle(struct hf_dev *hf, unsigned long timeout);
int hf_tx_discard_page(struct hf_dev *hf, struct page *page);
void hf_tx_tell_deflated(struct hf_dev *hf, struct list_head *blocks);

/* oom.c */
int hf_oom_init(struct hf_dev *hf);
void hf_oom_exit(struct hf_dev *hf);
bool hf_oom_holds(struct hf_dev *hf, unsigned long *left);

/* stats.c */
void hf_stats_init(struct hf_dev *hf);
void hf_stats_start(struct hf_dev *hf);
void hf_stats_request(struct virtqueue *vq);

/* chardev.c */
int hf_chardev_init(struct hf_dev *hf);
void hf_chardev_exit(void);
void hf_notify(void);

/* command.c */
int hf_command(struct hf_dev *hf, char *text);

#endif
