# SPDX-License-Identifier: Apache-2.0
from hypertier_nova.placement_agent import standing

WELL = standing.Standing({'CUSTOM_FMEM_MB': 4096, 'CUSTOM_SMEM_MB': 16384}, '')
FROZEN = standing.Standing(WELL.totals, 'it is in maintenance: new DIMMs')


class Watched:
    """An observer with a grace of 15 s, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.observer = standing.Observer(15, lambda: self.now)

    def at(self, second: float, said, trouble: str = '') -> standing.Standing:
        self.now = 1000 + second
        return self.observer.see(said, trouble)


def test_a_host_is_unfit_until_hypertierd_has_answered_once() -> None:
    host = Watched().at(0, None, 'refused')
    assert host.totals is None and 'not answered yet' in host.unfit


def test_what_hypertierd_says_counts_at_once() -> None:
    host = Watched()
    assert host.at(0, WELL) == WELL
    assert host.at(1, FROZEN) == FROZEN
    assert host.at(2, WELL) == WELL


def test_trouble_counts_when_it_has_lasted_and_no_longer_than_it_lasts() -> None:
    host = Watched()
    host.at(0, WELL)
    assert host.at(1, None, 'refused') == WELL
    # Its reason may change meanwhile.
    assert host.at(15.9, None, 'timed out') == WELL
    assert host.at(16, None, 'timed out') == standing.Standing(WELL.totals, 'timed out')
    assert host.at(17, WELL) == WELL
    # And the next one has all of its grace.
    assert host.at(18, None, 'refused') == WELL
    assert host.at(32, None, 'refused') == WELL
    assert host.at(33, None, 'refused').unfit == 'refused'


def test_a_restart_into_maintenance_is_not_forgotten_in_trouble() -> None:
    host = Watched()
    host.at(0, FROZEN)
    assert host.at(1, None, 'refused') == FROZEN


def test_without_libvirt_sizes_are_followed_and_the_grace_runs() -> None:
    host = Watched()
    smaller = standing.Standing({'CUSTOM_FMEM_MB': 1, 'CUSTOM_SMEM_MB': 2}, '')
    host.at(0, WELL)
    assert host.at(1, smaller, 'no libvirt') == smaller
    assert host.at(16, smaller, 'no libvirt') == standing.Standing(smaller.totals, 'no libvirt')


def test_sizes_once_known_are_kept_when_hypertierd_knows_them_no_more() -> None:
    host = Watched()
    host.at(0, WELL)
    assert host.at(1, standing.Standing(None, 'unknown')) == standing.Standing(WELL.totals, 'unknown')
