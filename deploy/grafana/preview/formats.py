# SPDX-License-Identifier: Apache-2.0
"""Numbers with their units, and scales for axes, as Grafana shows them."""

import math

_IEC = ('B', 'KiB', 'MiB', 'GiB', 'TiB')
_SI = ('', ' K', ' Mil', ' Bil')
_TIME = ((1, 's'), (1e-3, 'ms'), (1e-6, 'µs'), (1e-9, 'ns'))


def show(value: float, unit: str) -> str:
    """A value as a person reads it."""
    if math.isnan(value):
        return 'NaN'
    if unit in ('bytes', 'binBps'):
        power = min(len(_IEC) - 1, int(math.log(abs(value), 1024))) if abs(value) >= 1 else 0
        return f'{_digits(value / 1024 ** power)} {_IEC[power]}{"/s" if unit == "binBps" else ""}'
    if unit == 'percentunit':
        return f'{_digits(100 * value)} %'
    if unit == 'percent':
        return f'{_digits(value)} %'
    if unit == 's':
        if value == 0:
            return '0 s'
        scale, name = next((one for one in _TIME if abs(value) >= one[0]), _TIME[-1])
        return f'{_digits(value / scale)} {name}'
    power = min(len(_SI) - 1, int(math.log(abs(value), 1000))) if abs(value) >= 1000 and unit != 'none' else 0
    return f'{_digits(value / 1000 ** power)}{_SI[power]}{" ops/s" if unit == "ops" else ""}'


def _digits(value: float) -> str:
    """Three digits that say something."""
    if value == 0:
        return '0'
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f'{value:.{min(places, 4)}f}'
    return text.rstrip('0').rstrip('.') if '.' in text else text


def ticks(low: float, high: float, unit: str, wanted: int = 4) -> list[float]:
    """Round values between two, at least the first."""
    if high <= low:
        high = low + 1
    rough = (high - low) / wanted
    base = 2 if unit in ('bytes', 'binBps') else 10
    if base == 2:
        step = 2.0 ** math.ceil(math.log2(rough))
    else:
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]
