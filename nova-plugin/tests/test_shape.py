# SPDX-License-Identifier: Apache-2.0
"""How tierctl is run; what it makes of domains is tested with the real one in tests/nova."""

import pathlib
import time
import typing as ty

import pytest

from hypertier_nova import flavor
from hypertier_nova import shape

VM = flavor.TieredFlavor(flavor.Tier(64, 128, '2'), flavor.Tier(256, 256), policy='auto', qos_class='gold',
                         migrate_mbps=32)
XML = '<domain><name>vm</name></domain>'


def shaper(tmp_path: pathlib.Path, script: str, **options: ty.Any) -> shape.Shaper:
    """One whose tierctl is a shell script."""
    program = tmp_path / 'tierctl'
    program.write_text(f'#!/bin/sh\n{script}\n')
    program.chmod(0o755)
    return shape.Shaper(str(program), **options)


def test_it_is_given_the_tiers_what_is_promised_and_the_xml(tmp_path: pathlib.Path) -> None:
    out = shaper(tmp_path, 'echo "$@"; cat', smem_nodes='1').shape(XML, VM, 'acme')
    assert out == ('domain-xml --tenant=acme --mode=auto --class=gold --move-rate=32MiB '
                   '--fmem-cell=128MiB --fmem-target=64MiB --fmem-reservation=64MiB --fmem-limit=128MiB '
                   '--fmem-shares=2 '
                   '--smem-cell=256MiB --smem-target=256MiB --smem-reservation=256MiB --smem-limit=256MiB '
                   f'--smem-node=1 -\n{XML}')


def test_a_refusal_is_told_in_tierctls_words(tmp_path: pathlib.Path) -> None:
    with pytest.raises(shape.ShapeRefused, match='^<x>: it is wrong; mend it$'):
        shaper(tmp_path, 'echo "tierctl: <x>: it is wrong; mend it" >&2; exit 4').shape(XML, VM, 'acme')


def test_any_other_end_is_no_refusal(tmp_path: pathlib.Path) -> None:
    with pytest.raises(shape.ShapeFailed, match='ended with 2: tierctl: --no-such-flag'):
        shaper(tmp_path, 'echo "tierctl: --no-such-flag" >&2; exit 2').shape(XML, VM, 'acme')
    with pytest.raises(shape.ShapeFailed, match='say where tierctl is'):
        shape.Shaper(str(tmp_path / 'none')).shape(XML, VM, 'acme')


def test_one_that_hangs_is_killed(tmp_path: pathlib.Path) -> None:
    started = time.monotonic()
    pid = tmp_path / 'pid'
    with pytest.raises(shape.ShapeFailed, match='did not end within 0.3 s'):
        shaper(tmp_path, f'echo $$ >{pid}; exec sleep 60', timeout_s=0.3).shape(XML, VM, 'acme')
    assert time.monotonic() - started < 30
    assert not pathlib.Path('/proc', pid.read_text().strip()).exists()
