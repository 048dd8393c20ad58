# SPDX-License-Identifier: Apache-2.0
"""How well a host fares for VMs that want fast memory: one number from 0 to 1, more is better."""

import typing as ty

from hypertier_nova import figures

# Burst is lent, and comes back when it is claimed. That takes a while, and costs whoever has it: it counts half of what
# is free.
BURST_WORTH = 0.5


def ease(host: figures.HostFigures) -> ty.Optional[float]:
    """ease = hit_ratio * (free + burst / 2 - missing) / capacity, of fast memory.

    free: what nobody holds; missing: what VMs reserved, want and do not have. None: capacity or use is not known.
    """
    capacity, charged = host.get('capacity', 'fmem'), host.get('charged', 'fmem')
    if not capacity or charged is None:
        return None
    free = max(0.0, capacity - charged)
    room = free + BURST_WORTH * (host.get('burst', 'fmem') or 0) - (host.get('missing', 'fmem') or 0)
    hit_ratio = host.get('hit_ratio')
    # A host without accesses has none that are served slowly.
    served = 1.0 if hit_ratio is None else hit_ratio
    return min(1.0, max(0.0, served * room / capacity))
