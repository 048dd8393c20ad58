/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that hyperflex supports, and nothing else.
 */
#ifndef HF_COMPAT_H
#define HF_COMPAT_H

#include <linux/mmzone.h>
#include <linux/version.h>
#include <linux/virtio_config.h>

/* The highest order of the buddy allocator; its name and meaning moved about. */
#if defined(MAX_PAGE_ORDER)
#define HF_BUDDY_ORDER MAX_PAGE_ORDER
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define HF_BUDDY_ORDER MAX_ORDER
#else
#define HF_BUDDY_ORDER (MAX_ORDER - 1)
#endif

struct hf_vq_desc {
	const char *name;
	vq_callback_t *callback;
};

#define HF_VQ_MAX 5

/*
 * virtio_find_vqs() took parallel arrays until 6.11, an array of structures
 * since.  It skips entries without a name, but 6.12 kernels before that was
 * mended then crash in del_vqs(): so callers name all @n.
 */
static inline int hf_find_vqs(struct virtio_device *vdev, unsigned int n,
			      struct virtqueue **vqs, const struct hf_vq_desc *desc)
{
	unsigned int i;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	struct virtqueue_info info[HF_VQ_MAX] = {};

	for (i = 0; i < n; i++) {
		info[i].name = desc[i].name;
		info[i].callback = desc[i].callback;
	}
	return virtio_find_vqs(vdev, n, vqs, info, NULL);
#else
	vq_callback_t *callbacks[HF_VQ_MAX];
	const char *names[HF_VQ_MAX];

	for (i = 0; i < n; i++) {
		names[i] = desc[i].name;
		callbacks[i] = desc[i].callback;
	}
	return virtio_find_vqs(vdev, n, vqs, callbacks, names, NULL);
#endif
}

#endif
