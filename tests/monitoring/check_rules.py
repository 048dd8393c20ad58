#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Says what promtool does not: whether each alert has all that an operator and its test need.

Prints every problem; ends with 1 if there is one.
"""

import collections.abc
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The one place where an operator puts another; rules/alerts.yml says how.
RUNBOOKS = 'https://runbooks.example/hypertier'
SEVERITIES = ('warning', 'critical')
SECTIONS = ('## See it', '## Why', '## What to do', '## When it resolves', '## In our tests')
# Series of Prometheus's own about a scrape.
_OF_PROMETHEUS = {'up', 'scrape_duration_seconds'}
_RECORDED = re.compile(r'[a-z_]+:hypertier_[a-z0-9_]+:[a-z0-9_]+')
_METRIC = re.compile(r'(?<![:\w])hypertier_[a-z0-9_]+(?![:\w])')
_SELECTOR = re.compile(r'(?<![:\w])(hypertier_[a-z0-9_]+)\{([^}]*)\}')
_LABEL = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
# What a time series in Prometheus has beside its own labels; le is a histogram's.
_LABELS_OF_ALL = {'instance', 'job', 'le'}


def known_metrics(root: pathlib.Path) -> dict[str, set[str]]:
    """Names and labels in docs/metrics.md, of which each row begins with a name; of a histogram its three series."""
    known = {}
    for line in (root / 'docs' / 'metrics.md').read_text(encoding='utf-8').splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        name = re.fullmatch(r'`(hypertier_\w+)`', cells[0])
        if name is None or len(cells) < 4:
            continue
        labels = set(re.findall(r'`(\w+)`', cells[3]))
        suffixes = ('_bucket', '_sum', '_count') if cells[1] == 'histogram' else ('',)
        known.update({name[1] + suffix: labels for suffix in suffixes})
    return known


def unknown_names(expression: str, known: dict[str, set[str]],
                  recorded: collections.abc.Collection[str]) -> collections.abc.Iterator[str]:
    """What an expression asks for that nobody exports."""
    for name in sorted(set(_METRIC.findall(re.sub(r'"[^"]*"', '""', expression))) - set(known)):
        yield f'no metric {name}'
    for name in sorted(set(_RECORDED.findall(expression)) - set(recorded)):
        yield f'no recording rule {name}'
    for name, selector in _SELECTOR.findall(expression):
        for label in _LABEL.findall(selector):
            if name in known and label not in known[name] | _LABELS_OF_ALL:
                yield f'{name} has no label {label}'


class Rules:
    """All rules, their tests and their pages, in a tree like ours."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.rules = [rule for path in sorted((root / 'deploy' / 'prometheus' / 'rules').glob('*.yml'))
                      for group in _load(path)['groups'] for rule in group['rules']]
        self.alerts = {rule['alert']: rule for rule in self.rules if 'alert' in rule}
        self.recorded = [rule['record'] for rule in self.rules if 'record' in rule]
        self.tests = [test for path in sorted((root / 'tests' / 'monitoring' / 'rules').glob('*.test.yml'))
                      for test in _load(path)['tests']]

    def problems(self) -> collections.abc.Iterator[str]:
        names = [rule.get('alert') or rule['record'] for rule in self.rules]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f'{name}: there are two'
        for name in self.recorded:
            if not _RECORDED.fullmatch(name):
                yield f'{name}: name it level:hypertier_metric:operation'
            if not any(name in test['expr'] for of in self.tests for test in of.get('promql_expr_test', [])):
                yield f'{name}: no test works it out'
        for name, rule in self.alerts.items():
            yield from (f'{name}: {problem}' for problem in self._of_alert(name, rule))
        known = known_metrics(self.root)
        for rule, name in zip(self.rules, names):
            yield from (f'{name}: {problem}' for problem in unknown_names(rule['expr'], known, self.recorded))
        for page in sorted((self.root / 'docs' / 'runbooks').glob('*.md')):
            if page.stem not in self.alerts and page.name != 'README.md':
                yield f'docs/runbooks/{page.name}: there is no such alert'

    def _of_alert(self, name: str, rule: dict) -> collections.abc.Iterator[str]:
        if rule.get('labels', {}).get('severity') not in SEVERITIES:
            yield f'its severity is none of {", ".join(SEVERITIES)}'
        if 'for' not in rule:
            yield 'it has no for:'
        annotations = rule.get('annotations', {})
        yield from (f'it has no {what}' for what in ('summary', 'description') if not annotations.get(what))
        if annotations.get('runbook_url') != f'{RUNBOOKS}/{name}.md':
            yield f'its runbook_url is not {RUNBOOKS}/{name}.md'
        yield from self._of_page(name)
        tests = [test for test in self.tests if any(name == at['alertname'] for at in test.get('alert_rule_test', []))]
        if not any(_fires_and_resolves(name, test) for test in tests):
            yield ('no test sees it not fire before its time, then fire, then resolve, beside an instance "quiet" on '
                   'which it never does')

    def _of_page(self, name: str) -> collections.abc.Iterator[str]:
        page = self.root / 'docs' / 'runbooks' / f'{name}.md'
        if not page.exists():
            yield f'there is no docs/runbooks/{name}.md'
            return
        lines = page.read_text(encoding='utf-8').splitlines()
        if f'# {name}' not in lines:
            yield 'its page has another title'
        yield from (f'its page has no section "{section}"' for section in SECTIONS if section not in lines)
        for index in ('docs/runbooks/README.md', 'docs/monitoring.md'):
            if name not in (self.root / index).read_text(encoding='utf-8'):
                yield f'{index} does not name it'


def _fires_and_resolves(name: str, test: dict) -> bool:
    """Whether a test sees it silent, firing and silent again, in that order, and never on the instance "quiet"."""
    if not any('instance="quiet"' in series['series'] for series in test['input_series']):
        return False
    of_it = sorted((at for at in test['alert_rule_test'] if at['alertname'] == name),
                   key=lambda at: _minutes(at['eval_time']))
    seen = [bool(at.get('exp_alerts')) for at in of_it]
    loud = [alert['exp_labels'].get('instance') for at in of_it for alert in at.get('exp_alerts') or []]
    return True in seen and not seen[0] and not seen[-1] and 'quiet' not in loud


def _minutes(time: str) -> float:
    return sum(int(number) * {'s': 1 / 60, 'm': 1, 'h': 60}[unit] for number, unit in re.findall(r'(\d+)([smh])', time))


def _load(path: pathlib.Path):
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def main() -> int:
    rules = Rules(ROOT)
    problems = list(rules.problems())
    print('\n'.join(problems) or f'{len(rules.alerts)} alerts and {len(rules.recorded)} recording rules are as they '
          'should be')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
