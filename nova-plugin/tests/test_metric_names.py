# SPDX-License-Identifier: Apache-2.0
"""The default query asks for what hypertierd exports: names and labels are those of its one table of metrics."""

import pathlib
import re

from hypertier_nova import query

TABLE = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'metrics.md'


def test_every_metric_of_the_default_query_is_in_hypertierds_table() -> None:
    # Name, type, unit, labels.
    rows = re.findall(r'^\| `(hypertier_\w+)` \| \w+ \| \w* \| ([`\w, ]*) \|', TABLE.read_text(encoding='utf-8'), re.M)
    exported = {name: set(re.findall(r'\w+', labels)) for name, labels in rows}
    for figure, (_, metric) in query.FIGURES.items():
        name = re.search(r'hypertier_\w+', metric).group()
        labels = set(re.findall(r'(\w+)="', metric))
        assert name in exported, figure
        assert labels <= exported[name], figure
        if figure.startswith('tenant_'):
            assert exported[name] == {'tenant', 'tier'}, figure
