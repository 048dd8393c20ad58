# SPDX-License-Identifier: Apache-2.0
"""A dashboard as one picture: asks for what its panels ask, and puts them where they stand."""

import html
import typing

from integration import dashboards
from integration.monitoring import Prometheus
from preview import frames, panels, svg

COLUMN = 60
LINE = 38
GAP = 8
HEAD = 76
TITLE = 26
NOTE = ("Drawn by deploy/grafana/previews from Prometheus' answers to the dashboard's own queries, with emulated VMs. "
        'Not a screenshot of Grafana.')
# So many moments in a panel.
POINTS = 120


def draw(dashboard: dashboards.Dashboard, prometheus: Prometheus, values: dashboards.Values, start: float,
         end: float) -> str:
    """The picture as SVG."""
    page = _Page(dashboard, prometheus, values, start, end)
    height = HEAD + GAP + LINE * max(one['gridPos']['y'] + one['gridPos']['h'] for one in dashboard.json['panels'])
    width = 24 * COLUMN + GAP
    shapes = [shape for panel in dashboard.json['panels'] for shape in page.panel(panel)]
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'{svg.FONT}>', svg.box(0, 0, width, height, '#f4f5f5'), *page.head(width), *shapes, '</svg>', ''])


class _Page:
    def __init__(self, dashboard: dashboards.Dashboard, prometheus: Prometheus, values: dashboards.Values, start: float,
                 end: float) -> None:
        self._dashboard = dashboard
        self._prometheus = prometheus
        self._values = values
        self._step = (end - start) / POINTS
        self._colours = {one['name']: one['iconColor'] for one in dashboard.json['annotations']['list']}
        self._marks: dict[str, list[float]] = {}
        self._span = panels.Span(start, end, [])
        for name, expression in dashboard.annotations().items():
            for _, points in self._range(expression.replace('[60s]', '[5s]')):
                # Where it begins, not for as long as it lasts.
                begun = [when for index, (when, _) in enumerate(points)
                         if index == 0 or when - points[index - 1][0] > 1.5 * self._step]
                self._marks.setdefault(name, []).extend(begun)
                self._span.marks.extend((when, self._colours[name]) for when in begun)

    def head(self, width: float) -> list[str]:
        """Title, what is chosen, annotations, and what this is."""
        shapes = [svg.text(GAP + 4, 30, self._dashboard.json['title'], 20, weight=600),
                  svg.text(width - GAP, 22, NOTE, 11, svg.FAINT, 'end')]
        x = float(GAP + 4)
        for variable in self._dashboard.variables():
            chosen = self._values[variable['name']]
            shown = chosen if isinstance(chosen, str) else 'All'
            wide = svg.width(variable['label'], 12) + svg.width(shown, 12) + 34
            shapes += [svg.box(x, 42, wide, 24, '#ffffff', '#c9cfd6', 3),
                       svg.text(x + 8, 58, variable['label'], 12, '#3274d9'),
                       svg.text(x + 20 + svg.width(variable['label'], 12), 58, shown, 12)]
            x += wide + 8
        x += 12
        for name, when in self._marks.items():
            said = f'{name} ({len(when)})'
            shapes += [svg.line([(x, 46), (x, 62)], self._colours[name], 2, '2 3'), svg.text(x + 8, 58, said, 12)]
            x += 28 + svg.width(said, 12)
        return shapes

    def panel(self, panel: dict[str, typing.Any]) -> list[str]:
        at = panel['gridPos']
        x, y = GAP + at['x'] * COLUMN, HEAD + GAP + at['y'] * LINE
        w, h = at['w'] * COLUMN - GAP, at['h'] * LINE - GAP
        if panel['type'] == 'row':
            return [svg.text(x + 4, y + 21, panel['title'], 15, weight=600)]
        inside = panels.Box(x, y + TITLE + 4, w, h - TITLE - 10)
        return [f'<g><title>{html.escape(panel["description"])}</title>',
                svg.box(x, y, w, h, '#ffffff', '#dfe3e8', 3),
                svg.text(x + 10, y + 18, svg.fitted(panel['title'], 13, w - 20), 13, weight=600),
                *self._content(panel, inside), '</g>']

    def _content(self, panel: dict[str, typing.Any], box: panels.Box) -> panels.Drawn:
        kind = panel['type']
        if kind in ('timeseries', 'state-timeline'):
            series = [frames.Series(frames.legend(target, labels), points) for target in panel['targets']
                      for labels, points in sorted(self._range(target['expr']), key=lambda one: sorted(one[0].items()))]
            drawer = panels.lines if kind == 'timeseries' else panels.states
            return drawer(panel, series, box, self._span)
        results = [self._prometheus.query(dashboards.filled(target['expr'], self._values))
                   for target in panel['targets']]
        if kind in ('table', 'trend'):
            drawer = panels.rows if kind == 'table' else panels.curve
            return drawer(panel, *frames.table(panel, results), box)
        values = [(frames.legend(target, labels), value) for target, result in zip(panel['targets'], results)
                  for labels, value in result]
        return (panels.numbers if kind == 'stat' else panels.bars)(panel, values, box)

    def _range(self, expression: str) -> list:
        return self._prometheus.range(dashboards.filled(expression, self._values), self._span.start, self._span.end,
                                      self._step)
