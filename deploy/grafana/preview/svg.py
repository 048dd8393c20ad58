# SPDX-License-Identifier: Apache-2.0
"""The few shapes that a picture is made of. All text is escaped: names of VMs and tenants are not ours."""

import html

INK = '#1f2933'
FAINT = '#7b8794'
RULE = '#e4e7eb'
FONT = "font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\""

# Of Arial, in parts of the size; what is not named is as wide as a digit. A font in its place may be wider.
WIDER = 1.15
_NARROW = dict.fromkeys('ijlI.,:;|!\'`()[]{}ft/ r-', 0.31) | dict.fromkeys('mwMW@%', 0.86) | dict.fromkeys(
    'ABCDEFGHKNOPQRSUVXYZ&', 0.69)


def width(text: str, size: float) -> float:
    """About how wide a text is."""
    return WIDER * size * sum(_NARROW.get(letter, 0.556) for letter in text)


def fitted(text: str, size: float, room: float) -> str:
    """As much of a text as there is room for."""
    if width(text, size) <= room:
        return text
    while text and width(text + '…', size) > room:
        text = text[:-1]
    return text.rstrip() + '…'


def number(value: float) -> str:
    return f'{value:.1f}'.removesuffix('.0')


def text(x: float, y: float, what: str, size: float = 12, colour: str = INK, anchor: str = 'start',
         weight: int = 400) -> str:
    bold = f' font-weight="{weight}"' if weight != 400 else ''
    where = f' text-anchor="{anchor}"' if anchor != 'start' else ''
    return (f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}" fill="{colour}"{where}{bold}>'
            f'{html.escape(what)}</text>')


def box(x: float, y: float, w: float, h: float, fill: str, stroke: str = '', radius: float = 0,
        opacity: float = 1) -> str:
    more = (f' stroke="{stroke}"' if stroke else '') + (f' rx="{number(radius)}"' if radius else '') + (
        f' fill-opacity="{opacity}"' if opacity != 1 else '')
    return (f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(0, w))}" height="{number(max(0, h))}" '
            f'fill="{fill}"{more}/>')


def line(points: list[tuple[float, float]], colour: str, thick: float = 1, dash: str = '') -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ''
    return f'<path d="{_path(points)}" fill="none" stroke="{colour}" stroke-width="{thick}"{dashes}/>'


def area(upper: list[tuple[float, float]], lower: list[tuple[float, float]], colour: str, opacity: float) -> str:
    return f'<path d="{_path(upper + lower[::-1])}Z" fill="{colour}" fill-opacity="{opacity}"/>'


def dot(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{colour}"/>'


def _path(points: list[tuple[float, float]]) -> str:
    """Without points that lie on the line between their neighbours."""
    rounded = [(round(x, 1), round(y, 1)) for x, y in points]
    kept = [point for index, point in enumerate(rounded)
            if index in (0, len(rounded) - 1) or not rounded[index - 1][1] == point[1] == rounded[index + 1][1]]
    return 'M' + 'L'.join(f'{number(x)},{number(y)}' for x, y in kept)
