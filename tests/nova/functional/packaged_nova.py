# SPDX-License-Identifier: Apache-2.0
"""What nova's own tests need to run from Debian's package, with the plugin that tests/nova/run has installed."""

import pathlib

import nova.tests.functional  # noqa: F401: patches for eventlet, so it goes before all else

import hypertier_nova
from nova.conf import paths
import nova.virt


def _api_paste() -> None:
    """The fixtures look for it where it is in a git checkout."""
    state_path_def = paths.state_path_def
    paths.state_path_def = lambda name: (
        '/usr/share/nova-common/api-paste.ini' if name == 'etc/nova/api-paste.ini' else state_path_def(name))


_api_paste()
# As if the driver's file had been installed beside nova's own.
nova.virt.__path__.append(str(pathlib.Path(hypertier_nova.__file__).parents[1] / 'nova' / 'virt'))
