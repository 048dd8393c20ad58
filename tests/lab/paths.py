# SPDX-License-Identifier: Apache-2.0
"""Where the lab finds and keeps its files."""

import os
import pathlib

LAB = pathlib.Path(__file__).resolve().parent
REPO = LAB.parent.parent
GUEST = LAB / 'guest'
KMOD = REPO / 'guest-kmod'


def cache() -> pathlib.Path:
    """The cache folder. Losing it costs time and nothing else."""
    base = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    folder = pathlib.Path(base).expanduser() / 'hypertier'
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def artefacts() -> pathlib.Path:
    """Where consoles and logs of virtual machines stay for a person to read."""
    base = os.environ.get('HYPERTIER_ARTEFACTS')
    folder = pathlib.Path(base) if base else REPO / 'build' / 'lab'
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def agent_binary() -> pathlib.Path | None:
    """The static guest agent, if it has been built: $HYPERTIER_AGENT, else of the release, else of the dev build."""
    named = os.environ.get('HYPERTIER_AGENT')
    if named:
        return pathlib.Path(named)
    for preset in ('release', 'dev'):
        found = REPO / 'build' / preset / 'guest-agent' / 'hypertier-agent'
        if found.is_file():
            return found
    return None
