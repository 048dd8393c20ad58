# SPDX-License-Identifier: Apache-2.0
"""What checks our dashboards (deploy/grafana/check, which has to run first) finds what is wrong with one."""

import collections.abc
import json
import pathlib
import subprocess
import typing

import pytest

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
GRAFANA = REPO / 'deploy' / 'grafana'
CHECKS = GRAFANA / 'build' / 'check'
METRICS = REPO / 'docs' / 'metrics.md'

Dashboard = dict[str, typing.Any]


def panel(dashboard: Dashboard) -> Dashboard:
    """Some panel."""
    return next(one for one in dashboard['panels'] if one['type'] == 'timeseries')


def no_such_metric(dashboard: Dashboard) -> None:
    panel(dashboard)['targets'][0]['expr'] = 'rate(hypertier_no_such_thing_total[5m])'


def no_such_variable(dashboard: Dashboard) -> None:
    panel(dashboard)['targets'][0]['expr'] = 'hypertier_vms{instance="$nothing"}'


def a_variable_of_no_use(dashboard: Dashboard) -> None:
    dashboard['templating']['list'].append({'type': 'constant', 'name': 'useless', 'query': '1'})


def a_link_to_nowhere(dashboard: Dashboard) -> None:
    panel(dashboard)['fieldConfig']['defaults']['links'] = [{'title': 'x', 'url': '/d/hypertier-nothing?var-vm=x'}]


def a_link_with_a_wrong_variable(dashboard: Dashboard) -> None:
    panel(dashboard)['fieldConfig']['defaults']['links'] = [{'title': 'x', 'url': '/d/hypertier-host?var-vm=x'}]


def the_same_id(dashboard: Dashboard) -> None:
    panel(dashboard)['id'] = 1


def one_over_the_other(dashboard: Dashboard) -> None:
    panel(dashboard)['gridPos']['y'] -= 1


def out_of_the_grid(dashboard: Dashboard) -> None:
    panel(dashboard)['gridPos']['x'] = 20


def no_unit(dashboard: Dashboard) -> None:
    del panel(dashboard)['fieldConfig']['defaults']['unit']


def a_unit_of_nobody(dashboard: Dashboard) -> None:
    panel(dashboard)['fieldConfig']['defaults']['unit'] = 'gibibytes'


def no_description(dashboard: Dashboard) -> None:
    panel(dashboard)['description'] = ''


def a_data_source_of_its_own(dashboard: Dashboard) -> None:
    panel(dashboard)['targets'][0]['datasource'] = {'type': 'prometheus', 'uid': 'mine'}


CASES = [
    (no_such_metric, 'no such metric: hypertier_no_such_thing_total'),
    (no_such_variable, 'no such variable: nothing'),
    (a_variable_of_no_use, 'nothing takes the variable useless'),
    (a_link_to_nowhere, 'hypertier-nothing'),
    (a_link_with_a_wrong_variable, 'hypertier-host vm, which it has not'),
    (the_same_id, 'the id 1'),
    (one_over_the_other, 'overlap'),
    (out_of_the_grid, 'leaves the grid'),
    (no_unit, 'has no unit'),
    (a_unit_of_nobody, 'gibibytes'),
    (no_description, 'no description'),
    (a_data_source_of_its_own, 'another data source'),
]


@pytest.mark.parametrize(('breaks', 'told'), CASES, ids=[breaks.__name__ for breaks, _ in CASES])
def test_what_is_wrong_is_told(tmp_path: pathlib.Path, breaks: collections.abc.Callable[[Dashboard], None],
                               told: str) -> None:
    done = checked(tmp_path, 'lint', breaks)
    assert done.returncode == 1 and told in done.stderr, done


def test_what_grafana_does_not_know_is_told(tmp_path: pathlib.Path) -> None:
    def unknown(dashboard: Dashboard) -> None:
        panel(dashboard)['options']['legend']['calcs'] = 'last'
    done = checked(tmp_path, 'schema', unknown)
    assert done.returncode == 1 and '/options/legend/calcs must be array' in done.stderr, done


def checked(folder: pathlib.Path, check: str, breaks: collections.abc.Callable[[Dashboard], None]
            ) -> subprocess.CompletedProcess:
    """What a check says of our dashboards, of which one has been broken."""
    for file in sorted((GRAFANA / 'dashboards').glob('*.json')):
        dashboard = json.loads(file.read_text(encoding='utf-8'))
        if file.stem == 'vm':
            breaks(dashboard)
        (folder / file.name).write_text(json.dumps(dashboard), encoding='utf-8')
    assert (CHECKS / f'{check}.js').exists(), 'run deploy/grafana/check'
    against = [METRICS] if check == 'lint' else []
    return subprocess.run(['node', CHECKS / f'{check}.js', *against, *sorted(folder.glob('*.json'))],
                          capture_output=True, text=True, timeout=120, check=False)
