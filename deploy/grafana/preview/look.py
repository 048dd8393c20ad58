# SPDX-License-Identifier: Apache-2.0
"""What a panel's configuration says of how a field looks: unit, bounds, colours, words."""

import typing

from preview import svg

# For names that have no colour of their own; a name keeps what it has got first.
_PALETTE = ('#3274d9', '#e0772b', '#37872d', '#a352cc', '#c4162a', '#0f7f8c', '#b58900', '#806eb7')
_taken: dict[str, str] = {}


class Field:
    """The configuration of one field, by its name: defaults, and what overrides them."""

    def __init__(self, panel: dict[str, typing.Any], name: str) -> None:
        config = panel['fieldConfig']
        self.name = name
        self._defaults = config['defaults']
        self._own: dict[str, typing.Any] = {}
        for override in config.get('overrides', []):
            if override['matcher'] == {'id': 'byName', 'options': name}:
                self._own.update({one['id']: one.get('value') for one in override['properties']})

    def get(self, key: str) -> typing.Any:
        if key in self._own:
            return self._own[key]
        found: typing.Any = self._defaults
        for part in key.split('.'):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    @property
    def unit(self) -> str:
        return self.get('unit') or 'none'

    def threshold(self, value: float) -> str:
        """The colour of the step that a value has reached."""
        colour = svg.INK
        for step in (self.get('thresholds') or {}).get('steps', []):
            if step['value'] is None or value >= step['value']:
                colour = step['color']
        return colour

    def word(self, value: float) -> tuple[str, str] | None:
        """Text and colour that stand for a value."""
        for mapping in self.get('mappings') or []:
            found = mapping['options'].get(f'{value:g}')
            if found:
                return found['text'], found['color']
        return None

    def colour(self) -> str:
        """Of a line or a bar."""
        fixed = self.get('color') or {}
        if fixed.get('mode') == 'fixed':
            return fixed['fixedColor']
        return _taken.setdefault(self.name, _PALETTE[len(_taken) % len(_PALETTE)])

    @property
    def has_colour(self) -> bool:
        return (self._own.get('color') or {}).get('mode') == 'fixed'
