/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VPEBS_REPORT_H
#define VPEBS_REPORT_H

#include <stdbool.h>

#include "layout.h"

/* Writes counters and modelled times as JSON. False, with errno set, if that cannot be done. */
bool report_write(const struct vpebs_shared *shared, const char *path);

#endif
