# SPDX-License-Identifier: Apache-2.0
"""The default query asks for what hypertierd exports: names and labels are those of its one table of metrics."""

import pathlib
import re

from hypertier_nova import query

TABLE = pathlib.Path(__file__).resolve().parents[2] / 'host-service' / 'metrics' / 'table.h'


def test_every_metric_of_the_default_query_is_in_hypertierds_table() -> None:
    # Name, whether it is a counter, unit, labels.
    rows = re.findall(r'"(hypertier_\w+)", (?:true|false), "\w*", "([\w,]*)"', TABLE.read_text(encoding='utf-8'))
    exported = {name: set(filter(None, labels.split(','))) for name, labels in rows}
    for figure, (_, metric) in query.FIGURES.items():
        name = re.search(r'hypertier_\w+', metric).group()
        labels = set(re.findall(r'(\w+)="', metric))
        assert name in exported, figure
        assert labels <= exported[name], figure
        if figure.startswith('tenant_'):
            assert exported[name] == {'tenant', 'tier'}, figure
