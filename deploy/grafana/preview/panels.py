# SPDX-License-Identifier: Apache-2.0
"""Draws the kinds of panels that our dashboards have. Each gets its panel, its results, and the box to draw in."""

import collections.abc
import dataclasses
import datetime
import typing

from preview import formats, frames, svg
from preview.look import Field

SMALL = 11
LEGEND_ROW = 16


@dataclasses.dataclass(frozen=True)
class Box:
    x: float
    y: float
    w: float
    h: float


@dataclasses.dataclass(frozen=True)
class Span:
    """The time shown, and what happened in it: moments and colours of annotations."""
    start: float
    end: float
    marks: list[tuple[float, str]]


Panel = dict[str, typing.Any]
Drawn = collections.abc.Iterator[str]


def lines(panel: Panel, series: list[frames.Series], box: Box, span: Span) -> Drawn:
    """Values over time, with a legend that tells the last and the largest."""
    if not series:
        yield from nothing(box)
        return
    fields = [Field(panel, one.name) for one in series]
    rows = min(len(series), max(2, int(box.h * 0.48 / LEGEND_ROW) - 1))
    plot = _Plot(Box(box.x + 74, box.y + 6, box.w - 84, box.h - 30 - (rows + 1) * LEGEND_ROW), span)
    layers = _stacked(series, fields)
    highest = max((top for layer in layers for _, _, top in layer), default=1)
    most = Field(panel, '').get('max')
    scale = formats.ticks(0, most if most is not None else highest * 1.08 or 1, fields[0].unit)
    plot.top = most if most is not None else max(highest * 1.08, scale[-1]) or 1
    yield from plot.axes(scale, fields[0].unit)
    for step in (Field(panel, '').get('thresholds') or {}).get('steps', []):
        if step['value'] is not None and Field(panel, '').get('custom.thresholdsStyle') and step['value'] <= plot.top:
            height = plot.y(step['value'])
            yield svg.line([(plot.box.x, height), (plot.box.x + plot.box.w, height)], step['color'], 1, '4 4')
    for moment, colour in span.marks:
        yield svg.line([(plot.x(moment), plot.box.y), (plot.x(moment), plot.box.y + plot.box.h)], colour, 1, '2 3')
    runs = [(field, run) for field, layer in zip(fields, layers) for run in _runs(layer, span)]
    for field, layer in reversed(runs):
        upper = [(plot.x(when), plot.y(top)) for when, _, top in layer]
        lower = [(plot.x(when), plot.y(bottom)) for when, bottom, _ in layer]
        opacity = (field.get('custom.fillOpacity') or 0) / 100
        if opacity:
            yield svg.area(upper, lower, field.colour(), opacity)
        yield svg.line(upper, field.colour(), 1.6, '7 4' if field.get('custom.lineStyle') else '')
    yield from _legend(series, fields, Box(box.x + 12, box.y + box.h - (rows + 1) * LEGEND_ROW, box.w - 24, 0), rows)


def _runs(layer: list[tuple[float, float, float]],
          span: Span) -> collections.abc.Iterator[list[tuple[float, float, float]]]:
    """Pieces of a line without gaps, as Grafana draws them: what is not known is not drawn."""
    begun = 0
    for index in range(1, len(layer) + 1):
        if index == len(layer) or layer[index][0] - layer[index - 1][0] > (span.end - span.start) / 60:
            yield layer[begun:index]
            begun = index


def _stacked(series: list[frames.Series], fields: list[Field]) -> list[list[tuple[float, float, float]]]:
    """Of each series: moment, lower and upper edge. What is not stacked begins at 0."""
    below: dict[float, float] = {}
    layers = []
    for one, field in zip(series, fields):
        layer = []
        on_top = (field.get('custom.stacking') or {}).get('mode') == 'normal'
        for when, value in one.points:
            value = 0.0 if value != value else value
            bottom = below.get(when, 0.0) if on_top else 0.0
            layer.append((when, bottom, bottom + value))
            if on_top:
                below[when] = bottom + value
        layers.append(layer)
    return layers


class _Plot:
    """The part of a panel where values are drawn over time."""

    def __init__(self, box: Box, span: Span) -> None:
        self.box = box
        self.span = span
        self.top = 1.0

    def x(self, when: float) -> float:
        return self.box.x + self.box.w * (when - self.span.start) / (self.span.end - self.span.start)

    def y(self, value: float) -> float:
        return self.box.y + self.box.h * (1 - min(1.0, max(0.0, value / self.top)))

    def axes(self, scale: list[float], unit: str) -> Drawn:
        for value in scale:
            height = self.y(value)
            yield svg.line([(self.box.x, height), (self.box.x + self.box.w, height)], svg.RULE)
            yield svg.text(self.box.x - 6, height + 4, formats.show(value, unit), SMALL, svg.FAINT, 'end')
        yield from self.times()

    def times(self) -> Drawn:
        step = next(one for one in (10, 15, 30, 60, 120, 300, 600, 1800, 3600)
                    if (self.span.end - self.span.start) / one <= self.box.w / 70)
        moment = self.span.start - self.span.start % step + step
        while moment < self.span.end:
            if self.box.x + 20 < self.x(moment) < self.box.x + self.box.w - 20:
                shown = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime('%H:%M:%S')
                yield svg.text(self.x(moment), self.box.y + self.box.h + 15, shown, SMALL, svg.FAINT, 'middle')
            moment += step


def _legend(series: list[frames.Series], fields: list[Field], box: Box, rows: int) -> Drawn:
    last, most = box.x + box.w - 90, box.x + box.w
    yield svg.text(last, box.y + 8, 'Last', 10, svg.FAINT, 'end')
    yield svg.text(most, box.y + 8, 'Max', 10, svg.FAINT, 'end')
    for number, (one, field) in enumerate(zip(series, fields)):
        y = box.y + (number + 1) * LEGEND_ROW + 6
        if number == rows - 1 and len(series) > rows:
            yield svg.text(box.x + 18, y, f'and {len(series) - number} more', SMALL, svg.FAINT)
            return
        yield svg.box(box.x, y - 6, 12, 3, field.colour())
        yield svg.text(box.x + 18, y, svg.fitted(one.name, SMALL, box.w - 210), SMALL)
        values = [value for _, value in one.points if value == value]
        for x, value in ((last, values[-1:]), (most, [max(values)] if values else [])):
            yield svg.text(x, y, formats.show(value[0], field.unit) if value else '-', SMALL, svg.INK, 'end')


def numbers(panel: Panel, values: list[tuple[str, float]], box: Box) -> Drawn:
    """Big numbers beside one another."""
    if not values:
        yield from nothing(box)
        return
    mode = panel['options']['textMode']
    each = box.w / len(values)
    for number, (name, value) in enumerate(values):
        field = Field(panel, name)
        word = field.word(value)
        shown, colour = word if word else (formats.show(value, field.unit), field.threshold(value))
        if field.has_colour:
            colour = field.colour()
        middle = box.x + each * (number + 0.5)
        if mode == 'name':
            size = min(24.0, 24 * (each - 12) / svg.width(name, 24))
            yield svg.text(middle, box.y + box.h / 2 + size / 3, name, size, colour, 'middle', 600)
            continue
        size = min(30.0, 30 * (each - 14) / svg.width(shown, 30))
        named = mode == 'value_and_name'
        if named:
            yield svg.text(middle, box.y + box.h / 2 - 14, svg.fitted(name, 12, each - 6), 12, svg.FAINT, 'middle')
        yield svg.text(middle, box.y + box.h / 2 + (18 if named else 8), shown, size, colour, 'middle', 600)


def bars(panel: Panel, values: list[tuple[str, float]], box: Box) -> Drawn:
    """A bar for each value."""
    if not values:
        yield from nothing(box)
        return
    most = Field(panel, '').get('max') or max(value for _, value in values) or 1
    height = min(44.0, box.h / len(values))
    for number, (name, value) in enumerate(values):
        field = Field(panel, name)
        y = box.y + number * height
        room = box.w - 100
        yield svg.text(box.x + 10, y + 13, svg.fitted(name, 12, room), 12)
        yield svg.box(box.x + 10, y + 18, room, height - 24, '#f0f2f5', radius=2)
        colour = field.colour() if field.has_colour else field.threshold(value)
        yield svg.box(box.x + 10, y + 18, room * min(1, value / most), height - 24, colour, radius=2)
        yield svg.text(box.x + box.w - 10, y + height / 2 + 11, formats.show(value, field.unit), 14, colour, 'end', 600)


def states(panel: Panel, series: list[frames.Series], box: Box, span: Span) -> Drawn:
    """What state each series was in."""
    if not series:
        yield from nothing(box)
        return
    plot = _Plot(Box(box.x + 140, box.y + 8, box.w - 152, box.h - 54), span)
    height = min(48.0, plot.box.h / len(series))
    seen: dict[str, str] = {}
    for number, one in enumerate(series):
        field = Field(panel, one.name)
        y = plot.box.y + number * height
        yield svg.text(plot.box.x - 8, y + height / 2 + 4, svg.fitted(one.name, 12, 128), 12, svg.INK, 'end')
        begun = 0
        for index in range(1, len(one.points) + 1):
            if index < len(one.points) and one.points[index][1] == one.points[begun][1]:
                continue
            until = one.points[min(index, len(one.points) - 1)][0]
            word, colour = field.word(one.points[begun][1]) or ('', svg.FAINT)
            seen[word] = colour
            left = plot.x(one.points[begun][0])
            yield svg.box(left, y + height * 0.1, plot.x(until) - left, height * 0.8, colour, opacity=0.85)
            begun = index
    # Below the last row.
    yield from _Plot(Box(plot.box.x, plot.box.y, plot.box.w, height * len(series)), span).times()
    x = box.x + 12
    for word, colour in seen.items():
        yield svg.box(x, box.y + box.h - 17, 12, 3, colour)
        yield svg.text(x + 18, box.y + box.h - 11, word, SMALL)
        x += 32 + svg.width(word, SMALL)


def rows(panel: Panel, headers: list[str], found: list[frames.Row], box: Box) -> Drawn:
    """A table, sorted as its panel says."""
    if not found:
        yield from nothing(box)
        return
    for by in panel['options'].get('sortBy', []):
        found = sorted(found, key=lambda row: (row.get(by['displayName'], -1.0)), reverse=by.get('desc', False))
    width = (box.w - 16) / len(headers)
    for number, header in enumerate(headers):
        numeric = any(isinstance(row.get(header), float) for row in found)
        x = box.x + 8 + number * width
        anchor, at = ('end', x + width - 8) if numeric else ('start', x + 6)
        yield svg.text(at, box.y + 14, svg.fitted(header, 11, width - 10), 11, '#3274d9', anchor, 600)
        for place, row in enumerate(found[:int((box.h - 24) / 26)]):
            y = box.y + 22 + place * 26
            if number == 0:
                yield svg.line([(box.x + 8, y), (box.x + box.w - 8, y)], svg.RULE)
            if header not in row:
                continue
            yield from _cell(Field(panel, header), row[header], Box(x, y, width, 26), anchor, at)


def _cell(field: Field, value: typing.Any, box: Box, anchor: str, at: float) -> Drawn:
    if not isinstance(value, float):
        linked = bool(field.get('links'))
        yield svg.text(at, box.y + 17, svg.fitted(value, 12, box.w - 10), 12, '#1f60c4' if linked else svg.INK, anchor)
        return
    word = field.word(value)
    shown, colour = word if word else (formats.show(value, field.unit), svg.INK)
    kind = (field.get('custom.cellOptions') or {}).get('type')
    if kind == 'color-background':
        yield svg.box(box.x + 1, box.y + 2, box.w - 2, 23, field.threshold(value), radius=2)
        colour = '#ffffff'
    elif kind == 'color-text' and not word:
        colour = field.threshold(value)
    yield svg.text(at, box.y + 17, svg.fitted(shown, 12, box.w - 10), 12, colour, anchor)


def curve(panel: Panel, headers: list[str], found: list[frames.Row], box: Box) -> Drawn:
    """One value over another."""
    if not found:
        yield from nothing(box)
        return
    across, up = headers[:2]
    field, below = Field(panel, up), Field(panel, across)
    plot = _Plot(Box(box.x + 62, box.y + 10, box.w - 84, box.h - 62), Span(below.get('min'), below.get('max'), []))
    plot.top = field.get('max')
    for value in formats.ticks(0, plot.top, field.unit):
        yield svg.line([(plot.box.x, plot.y(value)), (plot.box.x + plot.box.w, plot.y(value))], svg.RULE)
        yield svg.text(plot.box.x - 6, plot.y(value) + 4, formats.show(value, field.unit), SMALL, svg.FAINT, 'end')
    for value in formats.ticks(plot.span.start, plot.span.end, below.unit):
        yield svg.text(plot.x(value), plot.box.y + plot.box.h + 16, formats.show(value, below.unit), SMALL, svg.FAINT,
                       'middle')
    yield svg.text(plot.box.x + plot.box.w / 2, plot.box.y + plot.box.h + 33, across, SMALL, svg.FAINT, 'middle')
    points = [(plot.x(row[across]), plot.y(row[up])) for row in found]
    yield svg.area(points, [(x, plot.y(0)) for x, _ in points], field.colour(), 0.1)
    yield svg.line(points, field.colour(), 2)
    for x, y in points:
        yield svg.dot(x, y, 3.5, field.colour())
    yield svg.box(box.x + 12, box.y + box.h - 14, 12, 3, field.colour())
    yield svg.text(box.x + 30, box.y + box.h - 8, up, SMALL)


def nothing(box: Box) -> Drawn:
    yield svg.text(box.x + box.w / 2, box.y + box.h / 2, 'No data', 13, svg.FAINT, 'middle')
