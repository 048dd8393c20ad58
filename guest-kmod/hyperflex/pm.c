// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend and hibernation: refused while a balloon holds anything.
 */
#include <linux/suspend.h>
#include <linux/virtio_config.h>
#include "hyperflex.h"

/*
 * Sleep resets the device, and hibernation would read and write what the host
 * has taken away; giving it all back first would break the host's caps.  So: not
 * while a balloon holds anything, said before anything is frozen.
 */
static int hf_pm_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	struct hf_dev *hf = container_of(nb, struct hf_dev, pm_nb);

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		if (hf_is_empty(hf))
			break;
		dev_err(&hf->vdev->dev, "no suspend or hibernation while balloon targets are set\n");
		return notifier_from_errno(-EBUSY);
	}
	return NOTIFY_DONE;
}

int hf_pm_init(struct hf_dev *hf)
{
	hf->pm_nb.notifier_call = hf_pm_notify;
	return register_pm_notifier(&hf->pm_nb);
}

void hf_pm_exit(struct hf_dev *hf)
{
	unregister_pm_notifier(&hf->pm_nb);
}

#ifdef CONFIG_PM_SLEEP
/* The workers are frozen, and hf_pm_notify() has seen to empty balloons. */
int hf_freeze(struct virtio_device *vdev)
{
	struct hf_dev *hf = vdev->priv;

	if (!hf_is_empty(hf) || !hf_tx_wait_idle(hf, HF_QUIESCE))
		return -EBUSY;
	virtio_reset_device(vdev);
	vdev->config->del_vqs(vdev);
	return 0;
}

int hf_restore(struct virtio_device *vdev)
{
	struct hf_dev *hf = vdev->priv;
	int err = hf_tx_init(hf);

	if (err)
		return err;
	hf_device_ready(hf);
	hf->actual = U32_MAX;
	queue_work(hf->wq, &hf->actual_work);
	queue_work(hf->wq, &hf->config_work);
	return 0;
}
#endif
