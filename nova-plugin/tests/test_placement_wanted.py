# SPDX-License-Identifier: Apache-2.0
from hypertier_nova.placement_agent import names
from hypertier_nova.placement_agent import standing
from hypertier_nova.placement_agent import wanted

TOTALS = {names.FMEM: 4096, names.SMEM: 16384}


def test_all_of_the_capacity_is_for_sale_and_none_is_sold_twice() -> None:
    assert wanted.inventory(4096) == {'total': 4096, 'reserved': 0, 'min_unit': 1, 'max_unit': 4096, 'step_size': 1,
                                      'allocation_ratio': 1.0}


def test_a_tier_of_nothing_has_nothing_that_could_be_claimed() -> None:
    nothing = wanted.inventory(0)
    assert nothing['total'] >= 1 and nothing['total'] == nothing['reserved'] and nothing['max_unit'] >= 1


def test_inventories_of_others_stay() -> None:
    others = {'CUSTOM_OTHER': {'total': 1}, names.FMEM: {'total': 1}}
    got = wanted.inventories(others, standing.Standing(TOTALS, ''))
    assert set(got) == {'CUSTOM_OTHER', *TOTALS} and got[names.FMEM]['total'] == 4096


def test_what_is_not_known_changes_nothing() -> None:
    assert wanted.inventories({names.FMEM: {'total': 1}}, standing.Standing(None, '')) == {names.FMEM: {'total': 1}}


def test_the_trait_is_there_while_the_host_is_fit_and_traits_of_others_stay() -> None:
    assert wanted.traits(['CUSTOM_RACK'], standing.Standing(TOTALS, '')) == {'CUSTOM_RACK', names.TRAIT}
    assert wanted.traits(['CUSTOM_RACK', names.TRAIT], standing.Standing(TOTALS, 'no')) == {'CUSTOM_RACK'}
