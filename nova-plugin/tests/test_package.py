# SPDX-License-Identifier: Apache-2.0
"""What only a release, or a reader, would notice."""

import pathlib

import yaml

from hypertier_nova import conf
from hypertier_nova import keys

TOP = pathlib.Path(__file__).resolve().parents[1]
# Those of reno.
SECTIONS = {'prelude', 'features', 'issues', 'upgrade', 'deprecations', 'critical', 'security', 'fixes', 'other'}


def test_release_notes_parse() -> None:
    notes = list((TOP / 'releasenotes' / 'notes').glob('*.yaml'))
    assert notes
    for note in notes:
        assert set(yaml.safe_load(note.read_text())) <= SECTIONS, note


def test_the_guide_has_every_extra_spec_and_option() -> None:
    guide = (TOP.parent / 'docs' / 'openstack.md').read_text()
    for key in keys.KEYS:
        assert f'`{key.full_name}`' in guide
    for option in conf.list_opts()[0][1]:
        assert f'`{option.name}`' in guide
        if option.default and option.name != 'prometheus_query':
            assert f'| `{option.name}` | {option.default} |' in guide
