# SPDX-License-Identifier: Apache-2.0
"""What becomes of the results of a panel's queries: names of series, and those transformations that we use."""

import collections.abc
import dataclasses
import re
import typing

Labels = dict[str, str]
Row = dict[str, typing.Any]


@dataclasses.dataclass
class Series:
    """Moments and values under a name."""
    name: str
    points: list[tuple[float, float]]


def legend(target: dict[str, typing.Any], labels: Labels) -> str:
    """The name of a series."""
    text = target.get('legendFormat', '')
    if not text:
        return ', '.join(f'{key}={value}' for key, value in sorted(labels.items()) if key != '__name__')
    return re.sub(r'\{\{\s*(\w+)\s*\}\}', lambda found: labels.get(found[1], ''), text)


def table(panel: dict[str, typing.Any],
          results: collections.abc.Sequence[list[tuple[Labels, float]]]) -> tuple[list[str], list[Row]]:
    """Headers and rows of what is shown as a table."""
    many = len(results) > 1
    frames = [[{**{key: value for key, value in labels.items() if key != '__name__'},
                f'Value #{target["refId"]}' if many else 'Value': value} for labels, value in result]
              for target, result in zip(panel['targets'], results)]
    rows = [row for frame in frames for row in frame]
    headers: list[str] = list(dict.fromkeys(key for row in rows for key in row))
    for step in panel.get('transformations', []):
        headers, rows = _STEPS[step['id']](headers, rows, step['options'])
    return headers, rows


def _merge(headers: list[str], rows: list[Row], options: Row) -> tuple[list[str], list[Row]]:
    """Rows that agree in all labels become one."""
    merged: dict[tuple, Row] = {}
    for row in rows:
        key = tuple(sorted((name, value) for name, value in row.items() if not name.startswith('Value')))
        merged.setdefault(key, {}).update(row)
    return headers, list(merged.values())


def _organize(headers: list[str], rows: list[Row], options: Row) -> tuple[list[str], list[Row]]:
    order, renamed = options['indexByName'], options['renameByName']
    kept = sorted((name for name in headers if not options['excludeByName'].get(name)),
                  key=lambda name: order.get(name, len(order)))
    return ([renamed.get(name, name) for name in kept],
            [{renamed.get(name, name): row[name] for name in kept if name in row} for row in rows])


def _convert(headers: list[str], rows: list[Row], options: Row) -> tuple[list[str], list[Row]]:
    fields = {one['targetField'] for one in options['conversions']}
    return headers, [{name: float(value) if name in fields else value for name, value in row.items()} for row in rows]


def _sort(headers: list[str], rows: list[Row], options: Row) -> tuple[list[str], list[Row]]:
    (by,) = options['sort']
    return headers, sorted(rows, key=lambda row: row[by['field']])


_STEPS = {'merge': _merge, 'organize': _organize, 'convertFieldType': _convert, 'sortBy': _sort}
