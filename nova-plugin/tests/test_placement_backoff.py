# SPDX-License-Identifier: Apache-2.0
import pytest

from hypertier_nova.placement_agent import backoff


def late(low: float, high: float) -> float:
    return high


def early(low: float, high: float) -> float:
    return low


def test_waits_double_up_to_a_bound_and_begin_anew_after_a_success() -> None:
    tries = backoff.Backoff(5, late)
    assert [tries.failed() for _ in range(5)] == [10, 20, 30, 30, 30]
    assert tries.succeeded() == pytest.approx(5.5)
    assert tries.failed() == 10
    assert [backoff.Backoff(5, early).failed(), backoff.Backoff(5, early).succeeded()] == [5, 4.5]


def test_an_interval_above_the_bound_is_kept_and_many_failures_are_no_error() -> None:
    tries = backoff.Backoff(60, late)
    assert {tries.failed() for _ in range(5000)} == {60}


def test_agents_that_failed_together_do_not_try_together() -> None:
    waits = [backoff.Backoff(5).failed() for _ in range(50)]
    assert len(set(waits)) > 40 and min(waits) >= 5 and max(waits) <= 10
