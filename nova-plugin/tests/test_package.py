# SPDX-License-Identifier: Apache-2.0
"""What only a release, or a reader, would notice."""

import pathlib
import re

import yaml

from hypertier_nova import conf
from hypertier_nova import keys
from hypertier_nova.placement_agent import options

TOP = pathlib.Path(__file__).resolve().parents[1]
# Those of reno.
SECTIONS = {'prelude', 'features', 'issues', 'upgrade', 'deprecations', 'critical', 'security', 'fixes', 'other'}


def test_the_unit_reads_the_file_that_the_guide_tells_to_write_and_withdraws_however_the_agent_ends() -> None:
    unit = (TOP / 'hypertier-placement.service').read_text()
    guide = (TOP.parent / 'docs' / 'openstack.md').read_text()
    assert 'LoadCredential=conf:/etc/hypertier/hypertier-placement.conf\n' in unit
    assert 'install -m 0600 hypertier-placement.conf /etc/hypertier/\n' in guide
    program = re.search(r'^ExecStart=(\S+ --config-file %d/conf)$', unit, re.M)
    assert program and f'\nExecStopPost=-{program[1]} --withdraw\n' in unit
    group = re.search(r'^SupplementaryGroups=(\w+)$', unit, re.M)
    assert group and f'listen.socket_group = "{group[1]}"' in guide


def test_release_notes_parse() -> None:
    notes = list((TOP / 'releasenotes' / 'notes').glob('*.yaml'))
    assert notes
    for note in notes:
        assert set(yaml.safe_load(note.read_text())) <= SECTIONS, note


def test_the_guide_has_every_extra_spec_and_option() -> None:
    guide = (TOP.parent / 'docs' / 'openstack.md').read_text()
    for key in keys.KEYS:
        assert f'`{key.full_name}`' in guide
    for option in [*conf.list_opts()[0][1], *options.OWN_OPTS,
                   *(option for option in options.CLIENT_OPTS if option.name == 'timeout')]:
        assert f'`{option.name}`' in guide
        if option.default and option.name != 'prometheus_query':
            assert f'| `{option.name}` | {option.default} |' in guide
