/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions of interest: the counters of all vCPUs from ROI_BEGIN to ROI_END, whichever vCPU marks them. */
#ifndef VPEBS_REGION_H
#define VPEBS_REGION_H

#include "layout.h"

/* A second beginning restarts the region; an end without a beginning is ignored. */
void region_begin(struct vpebs_shared *shared);
void region_end(struct vpebs_shared *shared);

#endif
