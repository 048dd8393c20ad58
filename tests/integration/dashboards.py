# SPDX-License-Identifier: Apache-2.0
"""Reads our Grafana dashboards, and asks a Prometheus what Grafana would ask it."""

import collections.abc
import dataclasses
import json
import pathlib
import re
import typing

from integration.monitoring import Prometheus
from lab import paths

FOLDER = paths.REPO / 'deploy' / 'grafana' / 'dashboards'
# A variable's values by its name: several, or one.
Values = collections.abc.Mapping[str, list[str] | str]

_LABEL_VALUES = re.compile(r'label_values\((?P<selector>.*), (?P<label>\w+)\)')


@dataclasses.dataclass(frozen=True)
class Query:
    """What a panel asks."""
    panel: str
    legend: str
    expression: str
    instant: bool


class Dashboard:
    """A dashboard as it is in its JSON."""

    def __init__(self, path: pathlib.Path) -> None:
        self.name = path.stem
        self.json: dict[str, typing.Any] = json.loads(path.read_text(encoding='utf-8'))

    @property
    def panels(self) -> list[dict[str, typing.Any]]:
        """Those that are not rows."""
        return [panel for panel in self.json['panels'] if panel['type'] != 'row']

    def queries(self) -> list[Query]:
        """Of all panels."""
        return [Query(panel['title'], target.get('legendFormat', target['refId']), target['expr'],
                      target.get('instant', False))
                for panel in self.panels for target in panel['targets']]

    def annotations(self) -> dict[str, str]:
        """Expressions by the annotations' names."""
        return {annotation['name']: annotation['target']['expr'] for annotation in self.json['annotations']['list']}

    def variables(self) -> list[dict[str, typing.Any]]:
        """Those that Prometheus gives values to, each after those that it depends on."""
        return [variable for variable in self.json['templating']['list'] if variable['type'] == 'query']

    def choices(self, prometheus: Prometheus) -> collections.abc.Iterator[dict[str, list[str] | str]]:
        """Every choice of values: where a variable can have several, it has all; where one, each of them in turn."""
        chosen: list[dict[str, list[str] | str]] = [{}]
        for variable in self.variables():
            name = variable['name']
            found = [(before, options(prometheus, variable, before)) for before in chosen]
            if variable['multi']:
                chosen = [{**before, name: values} for before, values in found]
            else:
                chosen = [{**before, name: value} for before, values in found for value in values]
        yield from chosen


def load() -> list[Dashboard]:
    return [Dashboard(path) for path in sorted(FOLDER.glob('*.json'))]


def options(prometheus: Prometheus, variable: dict[str, typing.Any], before: Values) -> list[str]:
    """What can be chosen for a variable once those before it are."""
    found = _LABEL_VALUES.fullmatch(variable['query']['query'])
    assert found, variable
    return prometheus.label_values(found['label'], filled(found['selector'], before))


def filled(expression: str, values: Values, window: str = '10s', whole: str = '1m') -> str:
    """An expression with all variables replaced, as Grafana does it; `window` is the range of rates."""
    for name, value in {'__rate_interval': window, '__range': whole, '__interval': window, **values}.items():
        text = value if isinstance(value, str) else f'({"|".join(map(_escaped, value))})'
        expression = expression.replace(f'${name}', text)
    assert '$' not in expression, expression
    return expression


def _escaped(value: str) -> str:
    """In a regular expression within a quoted string."""
    return re.escape(value).replace('\\-', '-').replace('\\', '\\\\')
