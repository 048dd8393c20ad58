# SPDX-License-Identifier: Apache-2.0
import typing as ty

from hypertier_nova import figures
from hypertier_nova import pressure


def ease(**changes: ty.Optional[float]) -> ty.Optional[float]:
    told = {'capacity': 100, 'charged': 40, 'burst': 0, 'missing': 0, 'hit_ratio': 1.0, **changes}
    of = figures.HostFigures()
    for name, value in told.items():
        if value is not None:
            of.add((name, '' if name == 'hit_ratio' else 'fmem', ''), value, 0)
    return pressure.ease(of)


def test_each_figure_moves_it_the_right_way() -> None:
    assert ease() == 0.6
    assert ease(charged=50) == 0.5
    assert ease(burst=20) == 0.7
    assert ease(missing=10) == 0.5
    assert ease(hit_ratio=0.5) == 0.3


def test_it_stays_between_0_and_1_whatever_is_told() -> None:
    assert ease(charged=120, missing=50) == 0
    assert ease(charged=0, burst=100) == 1
    assert ease(charged=-5) == 1


def test_what_is_not_told_counts_as_nothing_and_without_capacity_nothing_is_known() -> None:
    assert ease(burst=None, missing=None, hit_ratio=None) == 0.6
    assert ease(capacity=None) is None and ease(capacity=0) is None and ease(charged=None) is None
