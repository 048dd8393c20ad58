// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling the device: requests to discard blocks, several in flight.
 *
 * Two transports with one face.  "reporting" sends scatter lists of blocks of
 * any size through the free page reporting queue.  "inflate" sends arrays of
 * 4 KiB page numbers through the inflate queue, for devices without reporting.
 * The queue is shared by both tiers, by rediscards, by the migration of balloon
 * pages and by the kernel's own page reporting.
 *
 * A request that was sent belongs to the device until its used buffer arrives,
 * however long that takes: nobody may free its pages before, or the host could
 * discard them while they hold data.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>
#include "compat.h"
#include "hyperflex.h"

#define HF_REQ_PFNS	(PAGE_SIZE / sizeof(__virtio32))

/*
 * Interrupt context.  Every used buffer carries its request; the owners do the
 * rest in their own context.
 */
static void hf_tx_acked(struct virtqueue *vq)
{
	struct hf_dev *hf = vq->vdev->priv;
	struct hf_transport *tx = &hf->tx;
	struct hf_req *req;
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&tx->lock, flags);
	while ((req = virtqueue_get_buf(vq, &len))) {
		req->state = HF_REQ_DONE;
		if (vq != tx->discard_vq)
			continue;
		tx->outstanding--;
		tx->acks++;
		tx->since = jiffies;
	}
	spin_unlock_irqrestore(&tx->lock, flags);

	wake_up_all(&tx->acked);

	/* After the device was given up nobody waits: late answers need a worker. */
	if (unlikely(hf_broken(hf)) && !hf_stopping(hf)) {
		struct hf_tier *t;

		hf_for_each_tier(hf, t)
			queue_delayed_work(hf->wq, &t->work, 0);
	}
}

static bool hf_offered(struct virtio_device *vdev, unsigned int bit)
{
	return vdev->config->get_features(vdev) & BIT_ULL(bit);
}

/* Finds the queues; on return the device may not be spoken to yet. */
int hf_tx_init(struct hf_dev *hf)
{
	struct virtio_device *vdev = hf->vdev;
	struct hf_transport *tx = &hf->tx;
	struct hf_vq_desc desc[HF_VQ_MAX] = {
		{ "inflate", hf_tx_acked },
		{ "deflate", hf_tx_acked },
	};
	struct virtqueue *vqs[HF_VQ_MAX];
	unsigned int n = 2, stats = 0, reporting = 0;
	int err;

	/*
	 * Devices number the queues that they offer, whether or not the driver
	 * wants the feature: an offered free page queue has to be counted, or
	 * the reporting queue would be looked for in its place.
	 */
	if (virtio_has_feature(vdev, VIRTIO_BALLOON_F_STATS_VQ)) {
		stats = n++;
		desc[stats] = (struct hf_vq_desc){ "stats", hf_stats_request };
	}
	if (hf_offered(vdev, VIRTIO_BALLOON_F_FREE_PAGE_HINT))
		desc[n++].name = "free_page_vq";
	if (tx->reporting) {
		reporting = n++;
		desc[reporting] = (struct hf_vq_desc){ "reporting_vq", hf_tx_acked };
	}

	err = hf_find_vqs(vdev, n, vqs, desc);
	if (err)
		return err;

	tx->stats_vq = stats ? vqs[stats] : NULL;
	tx->deflate_vq = vqs[1];
	tx->discard_vq = vqs[reporting];	/* 0: the inflate queue */
	/*
	 * Without indirect descriptors every segment takes a slot of the ring:
	 * leave room for four requests.  With them a request takes one slot, and
	 * still fits directly into an empty ring if the table cannot be allocated.
	 */
	tx->max_sg = min_t(unsigned int, HF_REQ_SG,
			   virtqueue_get_vring_size(tx->discard_vq));
	if (!virtio_has_feature(vdev, VIRTIO_RING_F_INDIRECT_DESC))
		tx->max_sg = max(1U, tx->max_sg / 4);
	tx->reset = false;
	tx->outstanding = 0;
	return 0;
}

/* Once at probe: what does not depend on the queues. */
int hf_tx_start(struct hf_dev *hf)
{
	struct hf_transport *tx = &hf->tx;
	int err;

	spin_lock_init(&tx->lock);
	mutex_init(&tx->migrate_lock);
	init_waitqueue_head(&tx->acked);
	tx->reporting = virtio_has_feature(hf->vdev, VIRTIO_BALLOON_F_REPORTING);

	err = hf_req_init(hf, &tx->migrate_req);
	if (!err)
		err = hf_req_init(hf, &tx->report_req);
	if (!err)
		err = hf_req_init(hf, &tx->deflate_req);
	return err;
}

void hf_tx_exit(struct hf_dev *hf)
{
	hf_req_exit(&hf->tx.migrate_req);
	hf_req_exit(&hf->tx.report_req);
	hf_req_exit(&hf->tx.deflate_req);
}

int hf_req_init(struct hf_dev *hf, struct hf_req *req)
{
	INIT_LIST_HEAD(&req->blocks);
	if (!hf->tx.reporting) {
		req->pfns = (__virtio32 *)__get_free_page(GFP_KERNEL);
		if (!req->pfns)
			return -ENOMEM;
	}
	hf_req_clear(req);
	return 0;
}

void hf_req_exit(struct hf_req *req)
{
	free_page((unsigned long)req->pfns);
	req->pfns = NULL;
}

/* Makes a request empty.  Only for its owner, and never while it is sent. */
void hf_req_clear(struct hf_req *req)
{
	WARN_ON_ONCE(!list_empty(&req->blocks));
	req->state = HF_REQ_IDLE;
	req->nr_pages = 0;
	req->again = false;
	req->nents = 0;
	req->nr_pfns = 0;
	sg_init_table(req->sg, HF_REQ_SG);
}

static bool hf_req_add_pfns(struct hf_dev *hf, struct hf_req *req, unsigned long pfn,
			    unsigned long count)
{
	unsigned long i;

	if (req->nr_pfns + count > HF_REQ_PFNS)
		return false;
	for (i = 0; i < count; i++)
		req->pfns[req->nr_pfns++] = cpu_to_virtio32(hf->vdev, pfn + i);
	return true;
}

/*
 * Describes one more block in a request; false if it is full.  The caller links
 * the block.  Neighbours share a segment: fewer, larger discards for the host.
 */
bool hf_req_add(struct hf_dev *hf, struct hf_req *req, struct page *page, unsigned int order)
{
	unsigned int len = PAGE_SIZE << order;
	struct scatterlist *last;

	if (req->nr_pages + (1UL << order) > HF_REQ_PAGES)
		return false;
	if (req->pfns) {
		if (!hf_req_add_pfns(hf, req, hf_to_4k(page_to_pfn(page)),
				     hf_to_4k(1UL << order)))
			return false;
		req->nr_pages += 1UL << order;
		return true;
	}

	last = req->nents ? &req->sg[req->nents - 1] : NULL;
	if (last && sg_phys(last) + last->length == page_to_phys(page)) {
		last->length += len;
	} else {
		if (req->nents >= hf->tx.max_sg)
			return false;
		sg_set_page(&req->sg[req->nents++], page, len, 0);
	}
	req->nr_pages += 1UL << order;
	return true;
}

/* True if the device is through with the request, or can never touch it again. */
bool hf_req_finished(struct hf_dev *hf, struct hf_req *req)
{
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&hf->tx.lock, flags);
	if (req->state == HF_REQ_SENT && hf->tx.reset)
		req->state = HF_REQ_DONE;
	done = req->state == HF_REQ_DONE;
	spin_unlock_irqrestore(&hf->tx.lock, flags);
	return done;
}

/* Under tx->lock.  GFP_ATOMIC covers the indirect table, half a KiB. */
static int hf_tx_add(struct hf_dev *hf, struct hf_req *req, struct scatterlist *sg,
		     unsigned int nents)
{
	struct hf_transport *tx = &hf->tx;
	int err;

	if (tx->reset)
		return -EIO;
	if (tx->reporting)
		err = virtqueue_add_inbuf(tx->discard_vq, sg, nents, req,
					  GFP_ATOMIC | __GFP_NOWARN);
	else
		err = virtqueue_add_outbuf(tx->discard_vq, sg, nents, req,
					   GFP_ATOMIC | __GFP_NOWARN);
	if (err)
		return err;
	req->state = HF_REQ_SENT;
	if (!tx->outstanding++)
		tx->since = jiffies;
	virtqueue_kick(tx->discard_vq);
	return 0;
}

/*
 * Hands a filled request to the device.  -ENOSPC: the ring is full, try again
 * after the next ack; -EIO: the device is broken.  Nothing was sent then, and
 * the blocks are still the caller's.  Does not sleep.
 */
int hf_tx_send(struct hf_dev *hf, struct hf_req *req)
{
	struct hf_transport *tx = &hf->tx;
	struct scatterlist pfns;
	unsigned long flags;
	int err;

	spin_lock_irqsave(&tx->lock, flags);
	if (tx->reporting) {
		sg_mark_end(&req->sg[req->nents - 1]);
		err = hf_tx_add(hf, req, req->sg, req->nents);
	} else {
		sg_init_one(&pfns, req->pfns, req->nr_pfns * sizeof(req->pfns[0]));
		err = hf_tx_add(hf, req, &pfns, 1);
	}
	spin_unlock_irqrestore(&tx->lock, flags);

	/* A ring of full size cannot lack room when nothing is in it. */
	if (err == -ENOMEM)
		err = -ENOSPC;
	if (err && err != -ENOSPC) {
		hf_latch_broken(hf, "the discard queue refuses requests");
		err = -EIO;
	}
	return err;
}

/* Called by waiters now and then: warns of a silent device, gives up on a dead one. */
void hf_tx_check(struct hf_dev *hf)
{
	struct hf_transport *tx = &hf->tx;
	unsigned long flags, silent = 0;
	bool warn = false;

	spin_lock_irqsave(&tx->lock, flags);
	if (tx->outstanding)
		silent = jiffies - tx->since;
	if (silent >= HF_DEVICE_WARN && tx->warned != tx->since) {
		tx->warned = tx->since;
		warn = true;
	}
	spin_unlock_irqrestore(&tx->lock, flags);

	if (warn)
		dev_warn(&hf->vdev->dev, "the host has not answered a discard for %lu s\n",
			 silent / HZ);
	if (virtqueue_is_broken(tx->discard_vq))
		hf_latch_broken(hf, "the virtqueue is broken");
	else if (silent >= HF_DEVICE_DEAD)
		hf_latch_broken(hf, "the host does not answer");
}

/* Waits until the device holds no request; false after @timeout jiffies. */
bool hf_tx_wait_idle(struct hf_dev *hf, unsigned long timeout)
{
	return wait_event_timeout(hf->tx.acked, !READ_ONCE(hf->tx.outstanding), timeout);
}

/* As long as it takes, since the pages are not ours to give back meanwhile. */
static void hf_tx_wait_req(struct hf_dev *hf, struct hf_req *req, bool give_up)
{
	while (!wait_event_timeout(hf->tx.acked, hf_req_finished(hf, req), HF_DEVICE_WARN)) {
		hf_tx_check(hf);
		if (give_up && hf_broken(hf))
			return;
	}
}

/*
 * Discards one page and waits.  -EAGAIN: nothing was sent; -EIO: it was, and
 * the device may still discard the page at any time, so it must never be freed.
 */
int hf_tx_discard_page(struct hf_dev *hf, struct page *page)
{
	struct hf_req *req = &hf->tx.migrate_req;
	int err = -EAGAIN;

	if (!mutex_trylock(&hf->tx.migrate_lock))
		return -EAGAIN;
	/* Still sent: the device died on an earlier one. */
	if (req->state == HF_REQ_SENT && !hf_req_finished(hf, req))
		goto out;
	hf_req_clear(req);
	hf_req_add(hf, req, page, 0);
	if (hf_tx_send(hf, req))
		goto out;
	hf_tx_wait_req(hf, req, true);
	err = hf_req_finished(hf, req) ? 0 : -EIO;
out:
	mutex_unlock(&hf->tx.migrate_lock);
	return err;
}

/*
 * The kernel's free page reporting, through the same queue.  The pages go back
 * to the free lists when this returns, whatever it returns: so it stays until
 * the device is through with them or was reset.
 */
int hf_tx_report(struct page_reporting_dev_info *prdev, struct scatterlist *sg,
		 unsigned int nents)
{
	struct hf_dev *hf = container_of(prdev, struct hf_dev, pr_dev_info);
	struct hf_transport *tx = &hf->tx;
	struct hf_req *req = &tx->report_req;
	unsigned long flags;
	unsigned int acks;
	int err;

	for (;;) {
		if (hf_broken(hf) || hf_stopping(hf))
			return -EIO;
		spin_lock_irqsave(&tx->lock, flags);
		acks = tx->acks;
		err = hf_tx_add(hf, req, sg, nents);
		spin_unlock_irqrestore(&tx->lock, flags);
		if (!err)
			break;
		if (err != -ENOSPC && err != -ENOMEM)
			return err;
		/* Without an indirect table it may take the whole ring, empty. */
		if (!wait_event_timeout(tx->acked, READ_ONCE(tx->acks) != acks, HZ))
			hf_tx_check(hf);
	}
	hf_tx_wait_req(hf, req, false);
	return 0;
}

/*
 * Inflate transport only: names the pages about to be used again, so that the
 * host can stop tracking them.  A courtesy, as MUST_TELL_HOST is not negotiated:
 * nobody waits, and what does not fit is left out.
 */
void hf_tx_tell_deflated(struct hf_dev *hf, struct list_head *blocks)
{
	struct hf_transport *tx = &hf->tx;
	struct hf_req *req = &tx->deflate_req;
	struct scatterlist sg;
	unsigned long flags;
	struct page *page;

	if (tx->reporting)
		return;
	spin_lock_irqsave(&tx->lock, flags);
	if (tx->reset || req->state == HF_REQ_SENT)
		goto out;
	req->nr_pfns = 0;
	list_for_each_entry(page, blocks, lru)
		if (!hf_req_add_pfns(hf, req, hf_to_4k(page_to_pfn(page)),
				     hf_to_4k(1UL << page_private(page))))
			break;
	if (!req->nr_pfns)
		goto out;
	sg_init_one(&sg, req->pfns, req->nr_pfns * sizeof(req->pfns[0]));
	if (!virtqueue_add_outbuf(tx->deflate_vq, &sg, 1, req, GFP_ATOMIC | __GFP_NOWARN)) {
		req->state = HF_REQ_SENT;
		virtqueue_kick(tx->deflate_vq);
	}
out:
	spin_unlock_irqrestore(&tx->lock, flags);
}
