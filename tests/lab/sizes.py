# SPDX-License-Identifier: Apache-2.0
"""Bytes, as people write them."""

import re

from lab import errors

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
UNITS = {'': 1, 'B': 1, 'KiB': KIB, 'MiB': MIB, 'GiB': GIB}


def parse(size: int | str) -> int:
    """Bytes from 268435456, "256MiB" or "0.25 GiB"."""
    if isinstance(size, int):
        return size
    match = re.fullmatch(r'\s*([0-9]+(?:\.[0-9]+)?)\s*(B|KiB|MiB|GiB|)\s*', size)
    if not match:
        raise errors.LabError(f'{size!r} is not a size; write 268435456 or "256MiB"')
    return round(float(match[1]) * UNITS[match[2]])


def show(size: int) -> str:
    """1536 MiB as "1.50 GiB"."""
    for unit in ('GiB', 'MiB', 'KiB'):
        if abs(size) >= UNITS[unit]:
            return f'{size / UNITS[unit]:.2f} {unit}'
    return f'{size} B'
