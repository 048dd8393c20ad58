# SPDX-License-Identifier: Apache-2.0
"""Placement's allocations as grants of hypertierd."""

import dataclasses
import logging
import re
import typing as ty
import uuid

from hypertier_nova.placement_agent import names

LOG = logging.getLogger(__name__)

# Amounts by resource class, by consumer.
Allocations = ty.Mapping[str, ty.Mapping[str, int]]
# What hypertierd takes as a tenant (proto/hypertier/v1/qos.proto).
_TENANT = re.compile(r'[A-Za-z0-9._-]{1,128}')


@dataclasses.dataclass(frozen=True, order=True)
class Grant:
    # The consumer: a domain's UUID or, of what a server still holds where it is leaving, that of its migration.
    vm: str
    # Project ID; empty: placement knows none that hypertierd would take.
    tenant: str
    fmem_mb: int
    smem_mb: int


def grant(consumer: str, project: str, amounts: ty.Mapping[str, int]) -> ty.Optional[Grant]:
    """None: hypertierd could do nothing with it."""
    try:
        vm = str(uuid.UUID(consumer))
    except ValueError:
        LOG.warning('consumer %s: left out, as it is no UUID; no VM can have it', consumer)
        return None
    if not _TENANT.fullmatch(project):
        # Reserved it is all the same; and one odd name must not keep the others from their grants.
        LOG.warning('consumer %s: its project "%s" cannot be a tenant (1 to 128 of A-Z a-z 0-9 . _ -)',
                    consumer, project)
        project = ''
    return Grant(vm, project, amounts.get(names.FMEM, 0), amounts.get(names.SMEM, 0))


class Reader:
    """Completes allocations with projects, each of which is asked for once."""

    def __init__(self, project_of: ty.Callable[[str], ty.Optional[str]]) -> None:
        """project_of: the project of a consumer; None when it has no allocation any more."""
        self._project_of = project_of
        self._grants: ty.Dict[ty.Tuple[str, ty.FrozenSet[ty.Tuple[str, int]]], ty.Optional[Grant]] = {}

    def read(self, allocations: Allocations) -> ty.Tuple[Grant, ...]:
        """In order. Raises what project_of raises; then nothing is known to have changed."""
        known = {}
        for consumer, amounts in allocations.items():
            key = (consumer, frozenset(amounts.items()))
            if key in self._grants:
                known[key] = self._grants[key]
                continue
            project = self._project_of(consumer)
            if project is not None:
                known[key] = grant(consumer, project, amounts)
        self._grants = known
        return tuple(sorted(one for one in known.values() if one is not None))
