# SPDX-License-Identifier: Apache-2.0
import typing as ty

import pytest

from hypertier_nova import flavor

GOLD = {
    'resources:CUSTOM_FMEM_MB': '3276', 'resources:CUSTOM_SMEM_MB': '13108', 'trait:CUSTOM_HYPERTIER': 'required',
    'hypertier:fmem_max_mb': '4096', 'hypertier:fmem_shares': '2.5', 'hypertier:qos_class': 'gold',
    'hypertier:policy': 'auto', 'hypertier:migrate_mbps': '200'}


def problems(changes: ty.Mapping[str, ty.Optional[str]]) -> ty.List[str]:
    """What is wrong with GOLD after some keys were changed, or taken out (None)."""
    specs = {**GOLD, **changes}
    return flavor.check('gold', 16384, {name: value for name, value in specs.items() if value is not None})


def test_a_whole_flavor_is_read() -> None:
    assert flavor.read('gold', 16384, GOLD) == flavor.TieredFlavor(
        fmem=flavor.Tier(3276, 4096, '2.5'), smem=flavor.Tier(13108, 13108), policy='auto', qos_class='gold',
        migrate_mbps=200)
    assert problems({}) == []


def test_a_flavor_that_says_nothing_of_tiers_has_none() -> None:
    specs = {'hw:numa_nodes': '2', 'resources:CUSTOM_FMEM': '5', 'hypertierx': '1', flavor.TRAIT: 'required'}
    assert flavor.read('plain', 512, specs) is None
    assert flavor.check('plain', 512, {}) == []


@pytest.mark.parametrize('changes, field, remedy', [
    ({'hypertier:fmem_max_mb': '3274'}, 'hypertier:fmem_max_mb=3274', 'raise it or lower the claim'),
    ({'hypertier:fmem_max_mb': '4097'}, 'hypertier:fmem_max_mb=4097', 'set hypertier:fmem_max_mb=4098'),
    ({'resources:CUSTOM_FMEM_MB': '3277', 'resources:CUSTOM_SMEM_MB': '13107'},
     'resources:CUSTOM_SMEM_MB=13107', 'set hypertier:smem_max_mb=13108'),
    ({'resources:CUSTOM_SMEM_MB': '13110'}, 'resources:CUSTOM_SMEM_MB=13110', 'make them the same'),
    ({'resources:CUSTOM_SMEM_MB': None}, 'resources:CUSTOM_SMEM_MB', 'set it to the MiB of SMEM'),
    ({'resources:CUSTOM_FMEM_MB': None}, 'resources:CUSTOM_FMEM_MB', 'set it to the MiB of FMEM'),
    ({'resources:CUSTOM_FMEM_MB': '0'}, 'resources:CUSTOM_FMEM_MB=0', 'from 1 to'),
    ({'resources:CUSTOM_FMEM_MB': '1e3'}, 'resources:CUSTOM_FMEM_MB=1e3', 'a whole number'),
    ({'resources:CUSTOM_FMEM_MB': '62', 'resources:CUSTOM_SMEM_MB': '16322'}, 'CUSTOM_FMEM_MB=62', 'raise it'),
    ({'resources1:CUSTOM_FMEM_MB': '5'}, 'resources1:CUSTOM_FMEM_MB', 'write resources:CUSTOM_FMEM_MB'),
    ({'hypertier:fmem_max': '5'}, 'hypertier:fmem_max', 'fmem_max_mb'),
    ({'hypertier:fmem_max_mb': '-1'}, 'hypertier:fmem_max_mb=-1', 'from 64'),
    ({'hypertier:fmem_shares': '0'}, 'hypertier:fmem_shares=0', '0.001'),
    ({'hypertier:smem_shares': '1000000.5'}, 'hypertier:smem_shares=1000000.5', '1000000'),
    ({'hypertier:policy': 'Auto'}, 'hypertier:policy=Auto', 'auto, static or none'),
    ({'hypertier:qos_class': 'go ld'}, 'hypertier:qos_class=go ld', 'of the form'),
    ({'hypertier:migrate_mbps': '0'}, 'hypertier:migrate_mbps=0', 'from 1'),
    ({'hw:numa_nodes': '1'}, 'hw:numa_nodes=1', 'remove it'),
    ({'hw:numa_mem.0': '16384'}, 'hw:numa_mem.0=16384', 'remove it'),
    ({'hw:mem_page_size': 'small'}, 'hw:mem_page_size=small', 'remove it'),
    ({'hw:locked_memory': 'True'}, 'hw:locked_memory=True', 'remove it'),
    ({'hw:mem_encryption': '1'}, 'hw:mem_encryption=1', 'remove it'),
    ({'hw:cpu_policy': 'dedicated'}, 'hw:cpu_policy=dedicated', 'remove it'),
    ({'hw:pmem': '6GB'}, 'hw:pmem=6GB', 'remove it'),
    ({'pci_passthrough:alias': 'nic:1'}, 'pci_passthrough:alias=nic:1', 'remove it'),
    ({'resources:VGPU': '1'}, 'resources:VGPU=1', 'remove it'),
    ({'trait:CUSTOM_HYPERTIER': None}, 'trait:CUSTOM_HYPERTIER', 'set it to required'),
    ({'hypertier:policy': 'none', 'resources:CUSTOM_FMEM_MB': None, 'resources:CUSTOM_SMEM_MB': None,
      'hypertier:fmem_max_mb': None, 'hypertier:fmem_shares': None, 'hypertier:migrate_mbps': None},
     'hypertier:qos_class', 'remove one of the two'),
])
def test_a_contradiction_is_told_with_field_and_remedy(changes, field: str, remedy: str) -> None:
    told = problems(changes)
    assert len(told) == 1 and field in told[0] and remedy in told[0], told


def test_all_contradictions_are_told_at_once() -> None:
    with pytest.raises(flavor.FlavorError) as caught:
        flavor.read('gold', 16384, {
            **GOLD, 'hw:numa_nodes': '2', 'hypertier:policy': 'x', 'hypertier:fmem_max_mb': '64'})
    assert len(caught.value.problems) == 3
    assert str(caught.value).startswith('flavor gold: ')


def test_policy_keys_without_claims_are_told() -> None:
    told = flavor.check('gold', 16384, {'hypertier:qos_class': 'gold', 'trait:CUSTOM_HYPERTIER': 'required'})
    assert [problem.split(':')[0] for problem in told] == ['resources', 'resources']


def test_switches_that_are_off_are_no_contradiction() -> None:
    assert problems({'hw:locked_memory': 'false', 'hw:mem_encryption': '0', 'hw:cpu_policy': 'shared'}) == []


def test_a_vm_that_is_left_alone_has_no_tiers_and_may_be_all_fast_memory() -> None:
    assert flavor.check('db', 4096, {'hypertier:policy': 'none', 'hw:numa_nodes': '1'}) == []
    whole = {'hypertier:policy': 'none', 'resources:CUSTOM_FMEM_MB': '4096'}
    assert flavor.check('db', 4096, whole) == [] and flavor.read('db', 4096, whole) is None
    assert 'write 4096' in flavor.check('db', 4096, {**whole, 'resources:CUSTOM_FMEM_MB': '1024'})[0]
    assert 'slow tier' in flavor.check('db', 4096, {**whole, 'resources:CUSTOM_SMEM_MB': '1024'})[0]
