// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own free page reporting, kept going as with the stock driver: it
 * sends its pages through the queue that the balloons use.
 */
#include <linux/mm.h>
#include <linux/page_reporting.h>
#include <linux/virtio_config.h>
#include "hyperflex.h"

/*
 * Free page reporting hands the host pages that stay free, and expects them back
 * as freeing left them: poisoned, or zero with init_on_free.  The host gives back
 * zeroes or the old contents; PAGE_POISON makes it promise a value, and keep its
 * hands off if that is not zero.  Balloon blocks expect nothing: freeing fills
 * them again.  So with a poison pattern the kernel's reporting is left off, while
 * the queue still serves the balloons, and the device is not told of the pattern.
 */
static bool hf_free_reporting_safe(struct virtio_device *vdev)
{
	if (page_poisoning_enabled_static())
		return false;
	return !want_init_on_free() || virtio_has_feature(vdev, VIRTIO_BALLOON_F_PAGE_POISON);
}

/* Before the features are settled. */
void hf_reporting_validate(struct virtio_device *vdev)
{
	if (!want_init_on_free() || page_poisoning_enabled_static())
		__virtio_clear_bit(vdev, VIRTIO_BALLOON_F_PAGE_POISON);
}

/*
 * The kernel's worker gives us pages, which go back to the free lists when this
 * returns, whatever it returns: so it stays until the device is through with
 * them or was reset.
 */
static int hf_report(struct page_reporting_dev_info *prdev, struct scatterlist *sg,
		     unsigned int nents)
{
	struct hf_dev *hf = container_of(prdev, struct hf_dev, pr_dev_info);
	struct hf_transport *tx = &hf->tx;

	for (;;) {
		unsigned int acks = READ_ONCE(tx->acks);
		int err;

		if (hf_broken(hf) || hf_stopping(hf))
			return -EIO;
		err = hf_tx_submit(hf, &tx->report_req, sg, nents);
		if (!err)
			break;
		if (err != -ENOSPC && err != -ENOMEM)
			return err;
		/* Without an indirect table it may take the whole ring, empty. */
		if (!wait_event_timeout(tx->acked, READ_ONCE(tx->acks) != acks, HZ))
			hf_tx_check(hf);
	}
	hf_tx_wait_req(hf, &tx->report_req, false);
	return 0;
}

void hf_reporting_start(struct hf_dev *hf)
{
	int err;

	if (!hf->tx.reporting || !hf_free_reporting_safe(hf->vdev))
		return;
	/* The kernel sends this many pages at once, whatever the ring. */
	if (virtqueue_get_vring_size(hf->tx.discard_vq) < PAGE_REPORTING_CAPACITY)
		return;
	hf->pr_dev_info.report = hf_report;
	err = page_reporting_register(&hf->pr_dev_info);
	if (err)
		dev_warn(&hf->vdev->dev, "no free page reporting: %d\n", err);
	hf->reporting_registered = !err;
}

void hf_reporting_stop(struct hf_dev *hf)
{
	if (hf->reporting_registered)
		page_reporting_unregister(&hf->pr_dev_info);
}
