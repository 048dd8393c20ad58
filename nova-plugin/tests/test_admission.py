# SPDX-License-Identifier: Apache-2.0
"""The cases of host-service/qos/admission_test.cc, by figures: both sides must say the same."""

import typing as ty

import pytest

from hypertier_nova import admission
from hypertier_nova import figures
from hypertier_nova import flavor

MIB = 1 << 20
VM = flavor.TieredFlavor(flavor.Tier(1024, 2048), flavor.Tier(4096, 4096))


def host(**changes: ty.Optional[float]) -> figures.HostFigures:
    """10 GiB of FMEM, 40 of SMEM; amounts in MiB."""
    told = {'capacity__fmem': 10240, 'capacity__smem': 40960, 'reserved__fmem': 0, 'reserved__smem': 0, **changes}
    of = figures.HostFigures()
    for name, value in told.items():
        figure, tier, tenant = (name.split('__') + ['', ''])[:3]
        if value is not None:
            of.add((figure, tier, tenant), value * MIB, 0)
    return of


def refusal(**changes: ty.Optional[float]) -> ty.Optional[str]:
    return admission.refusal(VM, 'acme', host(**changes))


def test_a_vm_fits_to_the_last_mib() -> None:
    assert refusal() is None
    assert refusal(reserved__fmem=9216, reserved__smem=36864) is None
    assert refusal(reserved__fmem=9217) == 'fmem: 10241 MiB would be reserved on the host, which has 10240 MiB'
    assert refusal(reserved__smem=36865) == 'smem: 40961 MiB would be reserved on the host, which has 40960 MiB'


def test_a_limit_of_its_tenant_holds() -> None:
    limited = {'tenant_limit__fmem__acme': 3000, 'tenant_vms_reserved__fmem__acme': 1976}
    assert refusal(**limited) is None
    assert refusal(**{**limited, 'tenant_vms_reserved__fmem__acme': 1977}) == (
        'fmem: VMs of tenant acme would reserve 3001 MiB here, and its limit is 3000 MiB')
    assert refusal(tenant_limit__fmem__globex=0) is None


def test_out_of_what_its_tenant_has_reserved_a_vm_takes_nothing_from_anybody() -> None:
    full = {'reserved__fmem': 10240, 'tenant_reserved__fmem__acme': 2048}
    assert refusal(**full, tenant_vms_reserved__fmem__acme=1024) is None
    assert 'fmem: 10241 MiB' in refusal(**full, tenant_vms_reserved__fmem__acme=1025)


@pytest.mark.parametrize('figure, word', [('maintenance', 'maintenance'), ('degraded', 'degraded')])
def test_states_refuse(figure: str, word: str) -> None:
    assert word in refusal(**{figure: 1})
    assert refusal(**{figure: 0}) is None


@pytest.mark.parametrize('figure', ['capacity__fmem', 'reserved__smem'])
def test_what_is_not_told_is_not_taken_for_room(figure: str) -> None:
    assert 'does not tell' in refusal(**{figure: None})
