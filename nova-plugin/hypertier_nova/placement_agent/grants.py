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


def _merged(one: Grant, other: Grant) -> Grant:
    """Of one VM. hypertierd takes one grant of each, and all that is allocated counts."""
    tenants = {one.tenant, other.tenant} - {''}
    return Grant(one.vm, tenants.pop() if len(tenants) == 1 else '', one.fmem_mb + other.fmem_mb,
                 one.smem_mb + other.smem_mb)


class Reader:
    """Completes allocations with projects, each of which is asked for once."""

    def __init__(self, project_of: ty.Callable[[str], ty.Optional[str]]) -> None:
        """project_of: the project of a consumer; None when it has no allocation any more."""
        self._project_of = project_of
        self._grants: ty.Dict[ty.Tuple[str, ty.FrozenSet[ty.Tuple[str, int]]], ty.Optional[Grant]] = {}

    def read(self, allocations: Allocations) -> ty.Tuple[Grant, ...]:
        """In order. Raises what project_of raises; what was read until then is not asked for again."""
        keys = {(consumer, frozenset(amounts.items())): (consumer, amounts)
                for consumer, amounts in allocations.items()}
        # Before anything is asked, since one that has gone and comes again may be another's.
        self._grants = {key: one for key, one in self._grants.items() if key in keys}
        for key, (consumer, amounts) in keys.items():
            if key not in self._grants:
                project = self._project_of(consumer)
                if project is not None:
                    self._grants[key] = grant(consumer, project, amounts)
        by_vm: ty.Dict[str, Grant] = {}
        for one in self._grants.values():
            if one is not None:
                by_vm[one.vm] = _merged(by_vm[one.vm], one) if one.vm in by_vm else one
        return tuple(sorted(by_vm.values()))
