# SPDX-License-Identifier: Apache-2.0
"""Whether a host can take a VM with tiers, by its figures.

hypertierd's own answer is CheckAdmission, a gRPC call on each host that a scheduler cannot make: it is served on
loopback or a Unix socket, and see prometheus.py. So hypertierd exports what that call reckons with, and this is the
same arithmetic (host-service/qos/admission.cc, WouldBeUnmet). The answer is as old as the figures: the limit that holds
at any instant is placement's.
"""

import typing as ty

from hypertier_nova import figures
from hypertier_nova import flavor

_MIB = 1 << 20


def _mib(amount: float) -> str:
    return f'{amount / _MIB:.0f} MiB'


def _tier_refusal(tier: str, more: float, tenant: str, host: figures.HostFigures) -> ty.Optional[str]:
    capacity, reserved = host.get('capacity', tier), host.get('reserved', tier)
    if capacity is None or reserved is None:
        return f'hypertierd does not tell how much {tier} there is and is reserved'
    by_tenant = host.get('tenant_reserved', tier, tenant) or 0
    by_vms = host.get('tenant_vms_reserved', tier, tenant) or 0
    limit = host.get('tenant_limit', tier, tenant)
    if limit is not None and by_vms + more > limit:
        return (f'{tier}: VMs of tenant {tenant} would reserve {_mib(by_vms + more)} here, and its limit is '
                f'{_mib(limit)}')
    # Out of what the tenant has reserved anyway a VM takes nothing from anybody.
    added = max(by_tenant, by_vms + more) - max(by_tenant, by_vms)
    if added > 0 and reserved + added > capacity:
        return f'{tier}: {_mib(reserved + added)} would be reserved on the host, which has {_mib(capacity)}'
    return None


def refusal(tiered: flavor.TieredFlavor, tenant: str, host: figures.HostFigures) -> ty.Optional[str]:
    """Why the host cannot take the VM, in words; None: it can."""
    if host.get('maintenance'):
        return 'it is in maintenance'
    if host.get('degraded'):
        return 'hypertierd there is degraded (tierctl host says why)'
    for tier in flavor.TIERS:
        why = _tier_refusal(tier, tiered.tier(tier).claim_mb * _MIB, tenant, host)
        if why:
            return why
    return None
