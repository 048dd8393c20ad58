# SPDX-License-Identifier: Apache-2.0
"""What inventories and traits of the provider should be, given what they are."""

import typing as ty

from hypertier_nova.placement_agent import names
from hypertier_nova.placement_agent import standing

Inventories = ty.Mapping[str, ty.Mapping[str, ty.Any]]


def inventory(total: int) -> ty.Dict[str, ty.Any]:
    # Placement has no inventory of nothing, and lets none go that is in use: so it is one MiB, which is reserved.
    shown = max(1, total)
    return {'total': shown, 'reserved': shown - max(0, total), 'min_unit': 1, 'max_unit': shown, 'step_size': 1,
            'allocation_ratio': 1.0}


def inventories(current: Inventories, host: standing.Standing) -> Inventories:
    """Totals as the host has them now, below what is allocated if need be: then placement takes no new claims."""
    if host.totals is None:
        return current
    # What else somebody has put here is not ours to remove, and placement would refuse that while it is in use.
    return {**current, **{name: inventory(total) for name, total in host.totals.items()}}


def traits(current: ty.Iterable[str], host: standing.Standing) -> ty.Set[str]:
    ours = set() if host.unfit else {names.TRAIT}
    return (set(current) - {names.TRAIT}) | ours
