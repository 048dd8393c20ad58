// SPDX-License-Identifier: GPL-2.0-only
/*
 * One tier's balloon and its worker.
 *
 * Each tier has a worker of its own, so a tier that falls short, or is large,
 * does not hold up the other.  The worker does whatever is due, in this order:
 * deflate (which never waits), rediscard, inflate.  While it waits for the
 * device it still follows a change of target at once.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include "compat.h"
#include "hyperflex.h"

/* A tier that is short looks for free memory this often: a few counters read. */
#define HF_SHORT_POLL		(HZ / 4)
/* Between attempts that make the kernel reclaim. */
#define HF_BACKOFF_MIN		(HZ / 5)
#define HF_BACKOFF_MAX		(10 * HZ)
/*
 * Failed attempts before it is called a shortfall, and the pause between them:
 * free page reporting has up to 128 MiB out of the free lists for moments.
 */
#define HF_MISSES		3
#define HF_MISS_DELAY		(HZ / 50)
/* Readers and the device hear of progress ten times a second. */
#define HF_PROGRESS		(HZ / 10)
/* Pages a deflate step. */
#define HF_DEFLATE_PAGES	(HF_BLOCK_PAGES * 8)

enum hf_step {
	HF_STEP_MORE,	/* call again */
	HF_STEP_WAIT,	/* call again after an ack or a poke */
	HF_STEP_LATER,	/* end of this run; another one after *delay */
	HF_STEP_END,	/* end of this run; nothing is left to do */
};

unsigned long hf_tier_present(const struct hf_tier *t)
{
	return node_present_pages(t->node);
}

unsigned long hf_tier_free(const struct hf_tier *t)
{
	unsigned long free = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		free += zone_page_state(&NODE_DATA(t->node)->node_zones[i], NR_FREE_PAGES);
	return free;
}

bool hf_tier_settled(struct hf_tier *t)
{
	enum hf_state state = READ_ONCE(t->state);

	return state == HF_IDLE || state == HF_SHORT;
}

/* Any context that may take a spinlock with interrupts on. */
void hf_tier_kick(struct hf_tier *t)
{
	spin_lock(&t->lock);
	t->poke = true;
	spin_unlock(&t->lock);
	if (!hf_stopping(t->hf))
		mod_delayed_work(t->hf->wq, &t->work, 0);
	wake_up_all(&t->hf->tx.acked);
}

/* Under target_lock; the caller kicks.  The state shows at once what is due. */
void hf_tier_set_target(struct hf_tier *t, unsigned long pages)
{
	spin_lock(&t->lock);
	if (t->target != pages) {
		t->target = pages;
		t->shortfall = 0;
		t->state = pages > t->held ? HF_INFLATING :
			   pages < t->held ? HF_DEFLATING : HF_IDLE;
	}
	spin_unlock(&t->lock);
}

static void hf_set_state(struct hf_tier *t, enum hf_state state)
{
	bool changed;

	spin_lock(&t->lock);
	/* With a poke pending the target is newer than this view of it. */
	changed = !t->poke && t->state != state;
	if (!t->poke) {
		unsigned long shortfall = 0;

		if (state == HF_SHORT && t->target > t->held)
			shortfall = t->target - t->held;
		changed |= t->shortfall != shortfall;
		t->shortfall = shortfall;
		t->state = state;
	}
	spin_unlock(&t->lock);
	if (changed)
		hf_notify();
}

/* Tells readers if a balloon has changed since they were last told. */
static void hf_notify_dirty(struct hf_dev *hf)
{
	if (xchg(&hf->dirty, false))
		hf_notify();
}

static void hf_progress(struct hf_dev *hf)
{
	if (time_before(jiffies, READ_ONCE(hf->last_progress) + HF_PROGRESS))
		return;
	WRITE_ONCE(hf->last_progress, jiffies);
	hf_update_actual(hf);
	hf_notify_dirty(hf);
}

static void hf_stash_drop(struct hf_tier *t)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &t->stash, lru) {
		list_del(&page->lru);
		hf_block_free(page);
	}
	t->stashed = 0;
}

/* Files the blocks of the requests that the device is through with. */
void hf_tier_reap(struct hf_tier *t)
{
	int i;

	for (i = 0; i < HF_TIER_REQS; i++) {
		struct hf_req *req = &t->reqs[i];

		if (!hf_req_finished(t->hf, req))
			continue;
		if (req->again) {
			hf_rediscard_done(t, req);
		} else {
			spin_lock(&t->lock);
			hf_blocks_hold(t, &req->blocks);
			t->held += req->nr_pages;
			t->in_flight -= req->nr_pages;
			spin_unlock(&t->lock);
			WRITE_ONCE(t->hf->dirty, true);
		}
		hf_req_clear(req);
	}
}

/* Sends a request's worth of the stash; false if it has to wait. */
static bool hf_send_stash(struct hf_tier *t)
{
	struct page *page, *next;
	struct hf_req *req = NULL;
	int i;

	for (i = 0; i < HF_TIER_REQS && !req; i++)
		if (t->reqs[i].state == HF_REQ_IDLE)
			req = &t->reqs[i];
	if (!req)
		return false;

	list_for_each_entry_safe(page, next, &t->stash, lru) {
		if (!hf_req_add(t->hf, req, page, page_private(page)))
			break;
		hf_block_withdraw(page);
		list_move_tail(&page->lru, &req->blocks);
	}
	spin_lock(&t->lock);
	t->in_flight += req->nr_pages;
	spin_unlock(&t->lock);
	t->stashed -= req->nr_pages;
	if (!hf_tx_send(t->hf, req))
		return true;

	/* Not sent: as if nothing had happened. */
	list_for_each_entry(page, &req->blocks, lru)
		hf_block_readmit(page);
	list_splice_init(&req->blocks, &t->stash);
	spin_lock(&t->lock);
	t->in_flight -= req->nr_pages;
	spin_unlock(&t->lock);
	t->stashed += req->nr_pages;
	hf_req_clear(req);
	return false;
}

static void hf_backoff_reset(struct hf_tier *t)
{
	t->backoff = HF_BACKOFF_MIN;
	t->next_reclaim = jiffies;
}

/* Fills the stash; false, and a delay, if the node has nothing to give now. */
static bool hf_gather(struct hf_tier *t, unsigned long need, unsigned long *delay)
{
	need = min(need, HF_REQ_PAGES);
	/* Once short, crumbs do not count, or the state would flicker. */
	if ((READ_ONCE(t->state) != HF_SHORT ||
	     hf_take_spare(t->node) >= min(need, HF_BLOCK_PAGES)) && hf_take(t, need)) {
		t->misses = 0;
		hf_backoff_reset(t);
		return true;
	}
	if (time_after_eq(jiffies, t->next_reclaim)) {
		if (hf_take_reclaim(t, need)) {
			t->misses = 0;
			hf_backoff_reset(t);
			return true;
		}
		t->next_reclaim = jiffies + t->backoff;
		t->backoff = min_t(unsigned long, t->backoff * 2, HF_BACKOFF_MAX);
	}
	if (t->misses < HF_MISSES) {
		t->misses++;
		*delay = HF_MISS_DELAY;
	} else {
		*delay = HF_SHORT_POLL;
	}
	return false;
}

static enum hf_step hf_inflate_step(struct hf_tier *t, unsigned long need, unsigned long *delay)
{
	struct hf_dev *hf = t->hf;
	bool hold = hf_oom_holds(hf, delay);

	if (t->stashed > need || hold || hf_broken(hf))
		hf_stash_drop(t);

	if (need && !t->stashed && !hold && !hf_broken(hf)) {
		/* A shortfall shows until something was found. */
		if (READ_ONCE(t->state) != HF_SHORT)
			hf_set_state(t, HF_INFLATING);
		if (!hf_gather(t, need, delay)) {
			if (t->in_flight)
				return HF_STEP_WAIT;
			if (t->misses >= HF_MISSES)
				hf_set_state(t, HF_SHORT);
			return HF_STEP_LATER;
		}
		hf_set_state(t, HF_INFLATING);
	}
	if (t->stashed)
		return hf_send_stash(t) ? HF_STEP_MORE : HF_STEP_WAIT;
	if (t->in_flight && !hf_broken(hf))
		return HF_STEP_WAIT;
	if (!need && !t->in_flight) {
		hf_update_actual(hf);
		hf_set_state(t, HF_IDLE);
		return HF_STEP_END;
	}
	/* Held back by an OOM, or broken for good. */
	hf_set_state(t, HF_SHORT);
	return hf_broken(hf) ? HF_STEP_END : HF_STEP_LATER;
}

static enum hf_step hf_tier_step(struct hf_tier *t, unsigned long *delay)
{
	unsigned long held, target, in_flight;
	bool fresh;

	spin_lock(&t->lock);
	fresh = t->poke;
	t->poke = false;
	held = t->held;
	target = t->target;
	in_flight = t->in_flight;
	spin_unlock(&t->lock);

	/* What failed for an older target says little about this one. */
	if (fresh) {
		t->misses = 0;
		hf_backoff_reset(t);
	}
	if (held > target) {
		hf_set_state(t, HF_DEFLATING);
		if (hf_blocks_release(t, min(held - target, HF_DEFLATE_PAGES)))
			return HF_STEP_MORE;
		/* All that is left is on the move or in flight. */
		if (t->again_in_flight)
			return HF_STEP_WAIT;
		*delay = HF_MISS_DELAY;
		return HF_STEP_LATER;
	}
	if (hf_rediscard_wanted(t)) {
		if (hf_rediscard_step(t))
			return HF_STEP_MORE;
		return hf_broken(t->hf) ? HF_STEP_END : HF_STEP_WAIT;
	}
	/* In flight beyond the target: deflate when it has arrived. */
	if (held + in_flight > target) {
		hf_stash_drop(t);
		return hf_broken(t->hf) ? HF_STEP_END : HF_STEP_WAIT;
	}
	return hf_inflate_step(t, target - held - in_flight, delay);
}

static void hf_tier_work(struct work_struct *work)
{
	struct hf_tier *t = container_of(to_delayed_work(work), struct hf_tier, work);
	struct hf_dev *hf = t->hf;
	enum hf_step step = HF_STEP_MORE;
	unsigned long delay = 0;

	t->try_order = HF_BUDDY_ORDER;
	while (step <= HF_STEP_WAIT && !hf_stopping(hf)) {
		/* Before reaping, so that no ack is missed. */
		unsigned int acks = READ_ONCE(hf->tx.acks);

		hf_tier_reap(t);
		step = hf_tier_step(t, &delay);
		hf_progress(hf);
		if (step == HF_STEP_WAIT &&
		    !wait_event_timeout(hf->tx.acked,
					READ_ONCE(hf->tx.acks) != acks || READ_ONCE(t->poke) ||
					hf_stopping(hf), HF_DEVICE_WARN))
			hf_tx_check(hf);
		cond_resched();
	}
	hf_stash_drop(t);
	hf_update_actual(hf);
	hf_notify_dirty(hf);
	if (step == HF_STEP_LATER && !hf_stopping(hf))
		queue_delayed_work(hf->wq, &t->work, delay);
}

int hf_tier_init(struct hf_dev *hf, struct hf_tier *t, const char *name, int node)
{
	int i, err;

	t->hf = hf;
	t->name = name;
	t->node = node;
	hf_backoff_reset(t);
	spin_lock_init(&t->lock);
	INIT_DELAYED_WORK(&t->work, hf_tier_work);
	hf_blocks_init(t);
	for (i = 0; i < HF_TIER_REQS; i++) {
		err = hf_req_init(hf, &t->reqs[i]);
		if (err)
			return err;
	}
	return 0;
}

/* After the balloon was emptied, or given up. */
void hf_tier_exit(struct hf_tier *t)
{
	int i;

	for (i = 0; i < HF_TIER_REQS; i++)
		hf_req_exit(&t->reqs[i]);
}
