# SPDX-License-Identifier: Apache-2.0
"""check_rules.py finds what is broken: ours is whole, and each way to break it is told."""

import pathlib
import shutil

import pytest

import check_rules

ALERTS = 'deploy/prometheus/rules/alerts.yml'
RECORDING = 'deploy/prometheus/rules/recording.yml'
TESTS = 'tests/monitoring/rules/hypertierd.test.yml'
PAGE = 'docs/runbooks/HypertierLibvirtDisconnected.md'


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    for folder in ('deploy/prometheus', 'docs/runbooks', 'tests/monitoring/rules'):
        shutil.copytree(check_rules.ROOT / folder, tmp_path / folder)
    for file in ('docs/monitoring.md', 'docs/metrics.md'):
        shutil.copy(check_rules.ROOT / file, tmp_path / file)
    return tmp_path


def problems(tree: pathlib.Path) -> list[str]:
    return list(check_rules.Rules(tree).problems())


def test_ours_has_no_problem(tree: pathlib.Path) -> None:
    assert problems(tree) == []


@pytest.mark.parametrize('file, text, other, told', [
    (ALERTS, 'severity: critical', 'severity: bad', 'its severity is none of warning, critical'),
    (ALERTS, '    for: 2m\n', '', 'it has no for:'),
    (ALERTS, 'summary:', 'resume:', 'it has no summary'),
    (ALERTS, 'description:', 'tale:', 'it has no description'),
    (ALERTS, 'runbooks.example', 'other.example', 'its runbook_url is not'),
    (ALERTS, 'hypertier_period_lag_seconds', 'hypertier_period_leg_seconds', 'no metric hypertier_period_leg_seconds'),
    (ALERTS, 'ratio > 0.9', 'share > 0.9', 'no recording rule instance_tier:hypertier_reservation:share'),
    (ALERTS, '{tier="fmem"}', '{teir="fmem"}', 'has no label teir'),
    (ALERTS, '- alert: HypertierdRestarting', '- alert: HypertierdDown', 'HypertierdDown: there are two'),
    (RECORDING, 'record: instance_tier:', 'record: ', 'name it level:hypertier_metric:operation'),
    (RECORDING, 'tier:hypertier_host_tier_capacity_bytes:sum', 'tier:hypertier_capacity:sum', 'no test works it out'),
    (TESTS, 'alertname: HypertierLibvirtDisconnected', 'alertname: HypertierdDown',
     'HypertierLibvirtDisconnected: no test sees it'),
    (TESTS, 'instance="quiet"', 'instance="other"', 'no test sees it not fire before its time'),
    (PAGE, '# HypertierLibvirtDisconnected', '# Libvirt', 'its page has another title'),
    (PAGE, '## What to do', '## Good luck', 'its page has no section "## What to do"'),
    ('docs/monitoring.md', 'HypertierPlanSlow', 'Plans', 'HypertierPlanSlow: docs/monitoring.md does not name it'),
])
def test_what_is_broken_is_told(tree: pathlib.Path, file: str, text: str, other: str, told: str) -> None:
    before = (tree / file).read_text(encoding='utf-8')
    assert text in before
    (tree / file).write_text(before.replace(text, other), encoding='utf-8')
    found = problems(tree)
    assert any(told in problem for problem in found), found


def test_pages_without_an_alert_and_alerts_without_a_page_are_told(tree: pathlib.Path) -> None:
    (tree / PAGE).rename(tree / 'docs/runbooks/Other.md')
    found = problems(tree)
    assert 'docs/runbooks/Other.md: there is no such alert' in found
    assert 'HypertierLibvirtDisconnected: there is no docs/runbooks/HypertierLibvirtDisconnected.md' in found


def test_an_alert_that_never_resolves_in_its_test_is_told(tree: pathlib.Path) -> None:
    file = tree / TESTS
    text = file.read_text(encoding='utf-8')
    resolved = '  - {eval_time: 16m, alertname: HypertierLedgerNotWritable, exp_alerts: []}\n'
    assert resolved in text
    file.write_text(text.replace(resolved, ''), encoding='utf-8')
    assert any(problem.startswith('HypertierLedgerNotWritable: no test') for problem in problems(tree))
