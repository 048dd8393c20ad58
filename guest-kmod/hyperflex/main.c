// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver: binds to the virtio balloon device in place of the stock one.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include "compat.h"
#include "hyperflex.h"

static unsigned int boot_wait_ms = 60000;
module_param(boot_wait_ms, uint, 0444);
MODULE_PARM_DESC(boot_wait_ms, "longest that probe waits for the boot targets, ms (default 60000)");

/* One device a guest: the tiers, the balloons and the char device exist once. */
static DEFINE_MUTEX(hf_bind_lock);
static struct hf_dev *hf_bound;

/*
 * The device is unusable for good: nothing is inflated from here on.  Requests in
 * flight stay in flight, since the device may still act on them.
 */
void hf_latch_broken(struct hf_dev *hf, const char *why)
{
	if (xchg(&hf->broken, true))
		return;
	dev_err(&hf->vdev->dev, "%s: balloons stay as they are\n", why);
	hf_notify();
}

/* Writes `actual`, if it changed.  Sleeps. */
void hf_update_actual(struct hf_dev *hf)
{
	unsigned long held = 0;
	struct hf_tier *t;
	u32 actual;

	mutex_lock(&hf->actual_lock);
	hf_for_each_tier(hf, t) {
		spin_lock(&t->lock);
		held += t->held;
		spin_unlock(&t->lock);
	}
	actual = min_t(u64, hf_to_4k(held), U32_MAX);
	if (actual != hf->actual && !hf->tx.reset) {
		virtio_cwrite_le(hf->vdev, struct virtio_balloon_config, actual, &actual);
		hf->actual = actual;
	}
	mutex_unlock(&hf->actual_lock);
}

static void hf_actual_work(struct work_struct *work)
{
	hf_update_actual(container_of(work, struct hf_dev, actual_work));
	hf_notify();
}

static void hf_config_work(struct work_struct *work)
{
	hf_target_total(container_of(work, struct hf_dev, config_work), false);
}

/* Interrupt context. */
static void hf_config_changed(struct virtio_device *vdev)
{
	struct hf_dev *hf = vdev->priv;

	if (!hf_stopping(hf))
		queue_work(hf->wq, &hf->config_work);
}

/* Nothing held, under way or wanted. */
bool hf_is_empty(struct hf_dev *hf)
{
	bool empty = true;
	struct hf_tier *t;

	hf_for_each_tier(hf, t) {
		spin_lock(&t->lock);
		empty &= !t->held && !t->in_flight && !t->target;
		spin_unlock(&t->lock);
	}
	return empty;
}

static int hf_validate(struct virtio_device *vdev)
{
	hf_reporting_validate(vdev);
	/* Balloon addresses are guest physical by the specification, never DMA's. */
	__virtio_clear_bit(vdev, VIRTIO_F_ACCESS_PLATFORM);
	return 0;
}

/* Starts the device once its queues are there. */
void hf_device_ready(struct hf_dev *hf)
{
	virtio_device_ready(hf->vdev);
	if (virtio_has_feature(hf->vdev, VIRTIO_BALLOON_F_PAGE_POISON)) {
		u32 zero = 0;	/* what init_on_free leaves */

		virtio_cwrite_le(hf->vdev, struct virtio_balloon_config, poison_val, &zero);
	}
	hf_stats_start(hf);
}

/* Until both tiers are where they should be, or cannot get there now. */
static void hf_wait_settled(struct hf_dev *hf)
{
	unsigned long end = jiffies + msecs_to_jiffies(boot_wait_ms);
	struct hf_tier *t;

	hf_for_each_tier(hf, t)
		while (!hf_tier_settled(t) && !hf_broken(hf) && time_before(jiffies, end) &&
		       !fatal_signal_pending(current))
			msleep(5);
}

static int hf_init_tiers(struct hf_dev *hf, const struct hf_boot *boot)
{
	static const char * const names[HF_NR_TIERS] = { "fmem", "smem" };
	int i, err = 0;

	for (i = 0; i < HF_NR_TIERS; i++)
		hf->tiers[i].node = NUMA_NO_NODE;
	for (i = 0; i < HF_NR_TIERS && !err; i++)
		if (boot->node[i] != NUMA_NO_NODE)
			err = hf_tier_init(hf, &hf->tiers[i], names[i], boot->node[i]);
	return err;
}

static void hf_free(struct hf_dev *hf)
{
	struct hf_tier *t;

	hf_for_each_tier(hf, t)
		hf_tier_exit(t);
	hf_tx_exit(hf);
	if (hf->wq)
		destroy_workqueue(hf->wq);
	mutex_lock(&hf_bind_lock);
	if (hf_bound == hf)
		hf_bound = NULL;
	mutex_unlock(&hf_bind_lock);
	kfree(hf);
}

static struct hf_dev *hf_alloc(struct virtio_device *vdev, const struct hf_boot *boot)
{
	struct hf_dev *hf = kzalloc(sizeof(*hf), GFP_KERNEL);
	int i, err = -ENOMEM;

	if (!hf)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < HF_NR_TIERS; i++)
		hf->tiers[i].node = NUMA_NO_NODE;
	hf->vdev = vdev;
	hf->actual = U32_MAX;	/* the device's own is of an earlier driver: overwrite */
	mutex_init(&hf->target_lock);
	mutex_init(&hf->actual_lock);
	INIT_WORK(&hf->config_work, hf_config_work);
	INIT_WORK(&hf->actual_work, hf_actual_work);
	hf_stats_init(hf);

	mutex_lock(&hf_bind_lock);
	if (hf_bound)
		err = -EBUSY;
	else
		hf_bound = hf;
	mutex_unlock(&hf_bind_lock);
	if (err == -EBUSY) {
		dev_err(&vdev->dev, "another balloon device is bound already\n");
		goto fail;
	}
	/* Unbound: taking and freeing are CPU work that may run anywhere. */
	hf->wq = alloc_workqueue("hyperflex", WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!hf->wq)
		goto fail;
	err = hf_tx_start(hf);
	if (!err)
		err = hf_init_tiers(hf, boot);
	if (!err)
		return hf;
fail:
	hf_free(hf);
	return ERR_PTR(err);
}

/*
 * Takes the device out of the game, so that nothing is in flight any more: by
 * waiting, or by a reset, after which it may not touch memory.
 */
static void hf_quiesce(struct hf_dev *hf)
{
	unsigned long flags;

	if (!hf_broken(hf) && hf_tx_wait_idle(hf, HF_QUIESCE))
		return;
	dev_warn(&hf->vdev->dev, "requests never answered, resetting the device\n");
	virtio_reset_device(hf->vdev);
	spin_lock_irqsave(&hf->tx.lock, flags);
	hf->tx.reset = true;
	hf->tx.outstanding = 0;
	spin_unlock_irqrestore(&hf->tx.lock, flags);
	wake_up_all(&hf->tx.acked);
}

/* Stops the workers; on return none runs or can be started. */
static void hf_stop(struct hf_dev *hf)
{
	struct hf_tier *t;

	WRITE_ONCE(hf->stopping, true);
	wake_up_all(&hf->tx.acked);
	cancel_work_sync(&hf->config_work);
	hf_for_each_tier(hf, t)
		cancel_delayed_work_sync(&t->work);
}

static void hf_give_back_all(struct hf_dev *hf)
{
	struct hf_tier *t;

	hf_for_each_tier(hf, t) {
		hf_tier_reap(t);
		while (t->held)
			/* Nothing released: compaction has the rest, for moments. */
			if (!hf_blocks_release(t, t->held))
				msleep(10);
			else
				cond_resched();
	}
	hf_update_actual(hf);
}

static void hf_teardown(struct hf_dev *hf)
{
	hf_stop(hf);
	hf_quiesce(hf);
	hf_reporting_stop(hf);
	hf_give_back_all(hf);
	if (!hf->tx.reset)
		virtio_reset_device(hf->vdev);
	/* No interrupt can queue these any more. */
	cancel_work_sync(&hf->stats_work);
	cancel_work_sync(&hf->actual_work);
	hf->vdev->config->del_vqs(hf->vdev);
	hf_free(hf);
}

static int hf_probe(struct virtio_device *vdev)
{
	struct hf_boot boot;
	struct hf_dev *hf;
	int err;

	if (!vdev->config->get) {
		dev_err(&vdev->dev, "no access to the device's configuration\n");
		return -EINVAL;
	}
	hf_boot_read(&boot);
	hf = hf_alloc(vdev, &boot);
	if (IS_ERR(hf))
		return PTR_ERR(hf);
	vdev->priv = hf;
	err = hf_tx_init(hf);
	if (err) {
		hf_free(hf);
		return err;
	}
	hf_device_ready(hf);

	err = hf_chardev_init(hf);
	if (err)
		goto fail;
	err = hf_oom_init(hf);
	if (err)
		goto fail_chardev;
	err = hf_pm_init(hf);
	if (err)
		goto fail_oom;

	hf_update_actual(hf);
	hf_target_boot(hf, &boot);
	hf_target_total(hf, true);
	hf_wait_settled(hf);
	/* Not before, or it would have pages out that the boot targets look for. */
	hf_reporting_start(hf);
	return 0;

fail_oom:
	hf_oom_exit(hf);
fail_chardev:
	hf_chardev_exit();
fail:
	hf_teardown(hf);
	return err;
}

static void hf_remove(struct virtio_device *vdev)
{
	struct hf_dev *hf = vdev->priv;

	hf_chardev_exit();
	hf_pm_exit(hf);
	hf_oom_exit(hf);
	hf_teardown(hf);
}

static const struct virtio_device_id hf_id_table[] = {
	{ VIRTIO_ID_BALLOON, VIRTIO_DEV_ANY_ID },
	{ 0 },
};
MODULE_DEVICE_TABLE(virtio, hf_id_table);

static const unsigned int hf_features[] = {
	VIRTIO_BALLOON_F_STATS_VQ,
	VIRTIO_BALLOON_F_DEFLATE_ON_OOM,
	VIRTIO_BALLOON_F_PAGE_POISON,
	VIRTIO_BALLOON_F_REPORTING,
};

static struct virtio_driver hf_driver = {
	.driver.name = KBUILD_MODNAME,
	.driver.owner = THIS_MODULE,
	.feature_table = hf_features,
	.feature_table_size = ARRAY_SIZE(hf_features),
	.id_table = hf_id_table,
	.validate = hf_validate,
	.probe = hf_probe,
	.remove = hf_remove,
	.config_changed = hf_config_changed,
#ifdef CONFIG_PM_SLEEP
	.freeze = hf_freeze,
	.restore = hf_restore,
#endif
};

static int __init hf_module_init(void)
{
	hf_take_resolve();
	return register_virtio_driver(&hf_driver);
}
module_init(hf_module_init);

static void __exit hf_module_exit(void)
{
	unregister_virtio_driver(&hf_driver);
}
module_exit(hf_module_exit);

MODULE_DESCRIPTION("HyperTier: one balloon a memory tier over the stock virtio-balloon device");
MODULE_LICENSE("GPL");
