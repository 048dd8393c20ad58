# SPDX-License-Identifier: Apache-2.0
"""The nova plugin, installed as an operator would, beside a nova that it can be linked into.

Debian's nova stays as it is: the services see one whose files are links to its own, and the driver's link among them.
"""

import pathlib
import shutil

import nova

from cloud import place
from lab import paths


def install(here: place.Place) -> None:
    """Into here.site, which the services get as PYTHONPATH."""
    # setuptools leaves its work beside its sources: it gets a copy.
    source = here.folder / 'plugin'
    shutil.copytree(paths.REPO / 'nova-plugin', source / 'nova-plugin')
    shutil.copytree(paths.REPO / 'proto', source / 'proto')
    here.run('pip', ['/usr/bin/python3', '-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps',
                     '--no-build-isolation', '--root-user-action=ignore', '--target', here.site,
                     source / 'nova-plugin'])
    own = here.site / 'nova'
    driver = shutil.move(own / 'virt' / 'hypertier', here.folder / 'driver')
    shutil.rmtree(own)
    packaged = pathlib.Path(nova.__file__).parent
    _link(packaged, own, 'virt')
    _link(packaged / 'virt', own / 'virt')
    (own / 'virt' / 'hypertier').symlink_to(driver)


def _link(packaged: pathlib.Path, own: pathlib.Path, but: str = '') -> None:
    own.mkdir()
    for path in packaged.iterdir():
        if path.name not in (but, '__pycache__'):
            (own / path.name).symlink_to(path)
