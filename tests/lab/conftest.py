# SPDX-License-Identifier: Apache-2.0
"""Lets the lab's own tests import it as they would elsewhere."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lab.fixtures import lab, lab_artefacts, lab_hosts  # noqa: E402, F401
