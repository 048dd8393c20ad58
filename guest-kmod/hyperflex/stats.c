// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics queue, served as by the stock driver: the driver leaves one
 * buffer with the device, the device returns it when it wants news, and the
 * driver fills it and leaves it there again.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>
#include <linux/virtio_config.h>
#include "hyperflex.h"

struct hf_stats_fill {
	struct hf_dev *hf;
	unsigned int n;
};

static void hf_stat(struct hf_stats_fill *fill, u16 tag, u64 value)
{
	struct hf_dev *hf = fill->hf;

	if (fill->n >= ARRAY_SIZE(hf->stats))
		return;
	hf->stats[fill->n].tag = cpu_to_virtio16(hf->vdev, tag);
	hf->stats[fill->n].val = cpu_to_virtio64(hf->vdev, value);
	fill->n++;
}

#ifdef CONFIG_VM_EVENT_COUNTERS
static void hf_stat_events(struct hf_stats_fill *fill)
{
	unsigned long events[NR_VM_EVENT_ITEMS];
#ifdef VIRTIO_BALLOON_S_ALLOC_STALL
	unsigned long stalls = 0;
	int zone;
#endif

	all_vm_events(events);
	hf_stat(fill, VIRTIO_BALLOON_S_SWAP_IN, hf_to_bytes(events[PSWPIN]));
	hf_stat(fill, VIRTIO_BALLOON_S_SWAP_OUT, hf_to_bytes(events[PSWPOUT]));
	hf_stat(fill, VIRTIO_BALLOON_S_MAJFLT, events[PGMAJFAULT]);
	hf_stat(fill, VIRTIO_BALLOON_S_MINFLT, events[PGFAULT]);
#ifdef CONFIG_HUGETLB_PAGE
	hf_stat(fill, VIRTIO_BALLOON_S_HTLB_PGALLOC, events[HTLB_BUDDY_PGALLOC]);
	hf_stat(fill, VIRTIO_BALLOON_S_HTLB_PGFAIL, events[HTLB_BUDDY_PGALLOC_FAIL]);
#endif
#ifdef VIRTIO_BALLOON_S_ALLOC_STALL	/* the six tags of 6.12 came together */
	for (zone = 0; zone < MAX_NR_ZONES; zone++)
		stalls += events[ALLOCSTALL_NORMAL - ZONE_NORMAL + zone];
	hf_stat(fill, VIRTIO_BALLOON_S_OOM_KILL, events[OOM_KILL]);
	hf_stat(fill, VIRTIO_BALLOON_S_ALLOC_STALL, stalls);
	hf_stat(fill, VIRTIO_BALLOON_S_ASYNC_SCAN, hf_to_bytes(events[PGSCAN_KSWAPD]));
	hf_stat(fill, VIRTIO_BALLOON_S_DIRECT_SCAN, hf_to_bytes(events[PGSCAN_DIRECT]));
	hf_stat(fill, VIRTIO_BALLOON_S_ASYNC_RECLAIM, hf_to_bytes(events[PGSTEAL_KSWAPD]));
	hf_stat(fill, VIRTIO_BALLOON_S_DIRECT_RECLAIM, hf_to_bytes(events[PGSTEAL_DIRECT]));
#endif
}
#else
static void hf_stat_events(struct hf_stats_fill *fill) {}
#endif

static unsigned int hf_stats_fill(struct hf_dev *hf)
{
	struct hf_stats_fill fill = { .hf = hf };
	struct sysinfo info;

	hf_stat_events(&fill);
	si_meminfo(&info);
	hf_stat(&fill, VIRTIO_BALLOON_S_MEMFREE, hf_to_bytes(info.freeram));
	hf_stat(&fill, VIRTIO_BALLOON_S_MEMTOT, hf_to_bytes(info.totalram));
	hf_stat(&fill, VIRTIO_BALLOON_S_AVAIL, hf_to_bytes(max(0L, si_mem_available())));
	hf_stat(&fill, VIRTIO_BALLOON_S_CACHES,
		hf_to_bytes(global_node_page_state(NR_FILE_PAGES)));
	return fill.n;
}

static void hf_stats_add(struct hf_dev *hf, unsigned int n)
{
	struct scatterlist sg;

	sg_init_one(&sg, hf->stats, n * sizeof(hf->stats[0]));
	/* The queue has this one buffer only, so there is room. */
	if (WARN_ON_ONCE(virtqueue_add_outbuf(hf->tx.stats_vq, &sg, 1, hf, GFP_KERNEL)))
		return;
	virtqueue_kick(hf->tx.stats_vq);
}

static void hf_stats_work(struct work_struct *work)
{
	struct hf_dev *hf = container_of(work, struct hf_dev, stats_work);
	unsigned int len;

	if (virtqueue_get_buf(hf->tx.stats_vq, &len))
		hf_stats_add(hf, hf_stats_fill(hf));
}

/* Interrupt context. */
void hf_stats_request(struct virtqueue *vq)
{
	struct hf_dev *hf = vq->vdev->priv;

	if (!hf_stopping(hf))
		queue_work(hf->wq, &hf->stats_work);
}

void hf_stats_init(struct hf_dev *hf)
{
	INIT_WORK(&hf->stats_work, hf_stats_work);
}

/* Leaves the first buffer with the device. */
void hf_stats_start(struct hf_dev *hf)
{
	if (hf->tx.stats_vq)
		hf_stats_add(hf, hf_stats_fill(hf));
}
