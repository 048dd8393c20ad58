# SPDX-License-Identifier: Apache-2.0
"""What only a release would notice."""

import pathlib

import yaml

TOP = pathlib.Path(__file__).resolve().parents[1]
# Those of reno.
SECTIONS = {'prelude', 'features', 'issues', 'upgrade', 'deprecations', 'critical', 'security', 'fixes', 'other'}


def test_release_notes_parse() -> None:
    notes = list((TOP / 'releasenotes' / 'notes').glob('*.yaml'))
    assert notes
    for note in notes:
        assert set(yaml.safe_load(note.read_text())) <= SECTIONS, note
