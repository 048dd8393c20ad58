# SPDX-License-Identifier: Apache-2.0
"""What our Grafana dashboards ask is answered by a real Prometheus that scrapes a real host with real VMs."""

import time

from integration import dashboards
from integration.hypertierd import until
from integration.monitored import Monitored, monitored
from lab.lab import Lab

# (panel, legend): why nothing is there to see. Each must be a query that there is, and is asked as well.
EMPTY = {
    ('libvirt calls that fail', 'failed {{call}}'): 'libvirt refuses nothing here',
    ('libvirt calls that fail', 'timed out {{call}}'): 'libvirt answers in time here',
    ('Pages that could not be moved', '{{reason}}'): 'a guest may have moved all that it wanted to',
}
# Annotations of what does not happen here.
QUIET = {'Alerts': 'alerts wait for minutes before they fire'}


def unanswered(scene: Monitored) -> list[str]:
    """Queries without an answer, by dashboard and panel; fails where one is an error."""
    missing = []
    for dashboard in dashboards.load():
        for values in dashboard.choices(scene.prometheus):
            for query in dashboard.queries():
                asked = dashboards.filled(query.expression, values)
                if not scene.prometheus.query(asked) and (query.panel, query.legend) not in EMPTY:
                    missing.append(f'{dashboard.name}, {query.panel}, {query.legend}: {asked}')
    return missing


def test_every_panel_has_an_answer(lab: Lab) -> None:
    asked = {(query.panel, query.legend) for dashboard in dashboards.load() for query in dashboard.queries()}
    assert set(EMPTY) <= asked, f'no such queries: {set(EMPTY) - asked}'
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
