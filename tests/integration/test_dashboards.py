# SPDX-License-Identifier: Apache-2.0
"""What our Grafana dashboards ask is answered by a real Prometheus that scrapes a real host with real VMs."""

import time

from integration import dashboards
from integration.hypertierd import until
from integration.monitored import Monitored, monitored
from lab.lab import Lab

# Annotations of what does not happen here.
QUIET = {'Alerts': 'alerts wait for minutes before they fire'}


def unanswered(scene: Monitored) -> list[str]:
    """Queries without an answer, by dashboard and panel; fails where one is an error."""
    missing = []
    for dashboard in dashboards.load():
        for values in dashboard.choices(scene.prometheus):
            for query in dashboard.queries():
                asked = dashboards.filled(query.expression, values)
                if not scene.prometheus.query(asked):
                    missing.append(f'{dashboard.name}, {query.panel}, {query.legend}: {asked}')
    return missing


def test_every_panel_has_an_answer(lab: Lab) -> None:
    assert set(QUIET) <= {name for dashboard in dashboards.load() for name in dashboard.annotations()}
    started = time.time()
    with monitored(lab) as scene:
        for dashboard in dashboards.load():
            for variable in dashboard.variables():
                choices = list(dashboard.choices(scene.prometheus))
                assert choices and all(values[variable['name']] for values in choices), (dashboard.name, variable)
        until(lambda: not unanswered(scene), 90, 'every query has an answer', lambda: '\n'.join(unanswered(scene)))
        for dashboard in dashboards.load():
            values = next(dashboard.choices(scene.prometheus))
            for name, expression in dashboard.annotations().items():
                shown = scene.prometheus.range(dashboards.filled(expression, values), started, time.time(), 1)
                assert shown or name in QUIET, (dashboard.name, name, expression)
