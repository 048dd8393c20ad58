# SPDX-License-Identifier: Apache-2.0
"""Unit tests: fast, and without nova's services: `python3 -m pytest nova-plugin/tests`.

They run on threads, as newer novas do; tests/nova/functional runs the same code under eventlet.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

os.environ['OS_NOVA_DISABLE_EVENTLET_PATCHING'] = 'true'
