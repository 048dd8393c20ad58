// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling the device: requests to discard blocks, several in flight.
 *
 * Two transports with one face.  "reporting" sends scatter lists of blocks of
 * any size through the free page reporting queue.  "inflate" sends arrays of
 * 4 KiB page numbers through the inflate queue, for devices without reporting.
 * The queue is shared by both tiers, by rediscards, by the migration of balloon
 * pages and by the kernel's own page reporting.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>
#include "compat.h"
#include "hyperflex.h"

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

/*
 * Hands buffers to the device on behalf of @req.  -ENOSPC or -ENOMEM: try again
 * after the next ack.  Does not sleep; GFP_ATOMIC covers the indirect table, half
 * a KiB, without which the buffers take slots of the ring.
 */
int hf_tx_submit(struct hf_dev *hf, struct hf_req *req, struct scatterlist *sg,
		 unsigned int nents)
{
	struct hf_transport *tx = &hf->tx;
	gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	unsigned long flags;
	int err = -EIO;

	spin_lock_irqsave(&tx->lock, flags);
	if (!tx->reset)
		err = tx->reporting ?
		      virtqueue_add_inbuf(tx->discard_vq, sg, nents, req, gfp) :
		      virtqueue_add_outbuf(tx->discard_vq, sg, nents, req, gfp);
	if (!err) {
		req->state = HF_REQ_SENT;
		if (!tx->outstanding++)
			tx->since = jiffies;
		virtqueue_kick(tx->discard_vq);
	}
	spin_unlock_irqrestore(&tx->lock, flags);
	return err;
}

/*
 * Hands a filled request to the device.  -ENOSPC: the ring is full, try again
 * after the next ack; -EIO: the device is broken.  Nothing was sent then, and
 * the blocks are still the caller's.  Does not sleep.
 */
int hf_tx_send(struct hf_dev *hf, struct hf_req *req)
{
	struct scatterlist pfns;
	int err;

	if (hf->tx.reporting) {
		sg_mark_end(&req->sg[req->nents - 1]);
		err = hf_tx_submit(hf, req, req->sg, req->nents);
	} else {
		sg_init_one(&pfns, req->pfns, req->nr_pfns * sizeof(req->pfns[0]));
		err = hf_tx_submit(hf, req, &pfns, 1);
	}
	if (!err || err == -ENOSPC)
		return err;
	if (err == -ENOMEM)
		return -ENOSPC;
	hf_latch_broken(hf, "the discard queue refuses requests");
	return -EIO;
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

/*
 * Waits until the device is through with a request: as long as that takes, since
 * the pages are not ours to give back meanwhile, or with @give_up until it is
 * broken.
 */
void hf_tx_wait_req(struct hf_dev *hf, struct hf_req *req, bool give_up)
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
		if (!hf_req_add_pfns(hf, req, page, page_private(page)))
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
