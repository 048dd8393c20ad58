// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes into one request, and whose it is.
 *
 * A request that was sent belongs to the device until its used buffer arrives,
 * however long that takes: nobody may free its pages before, or the host could
 * discard them while they hold data.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/virtio_config.h>
#include "hyperflex.h"

#define HF_REQ_PFNS	(PAGE_SIZE / sizeof(__virtio32))

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

/* Names a block page by page; false if there is no room for all of it. */
bool hf_req_add_pfns(struct hf_dev *hf, struct hf_req *req, struct page *page,
		     unsigned int order)
{
	unsigned long pfn = hf_to_4k(page_to_pfn(page));
	unsigned long count = hf_to_4k(1UL << order), i;

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
		if (!hf_req_add_pfns(hf, req, page, order))
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
