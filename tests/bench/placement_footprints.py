# SPDX-License-Identifier: Apache-2.0
"""How much memory each workload takes, measured once."""

import hashlib
import json

from bench import placement_cache
from bench import report
from bench.placement_workloads import Workload
from lab.sizes import MIB

# So that cells and huge pages come out the same if a page more or less was counted.
STEP = 2 * MIB


def of(workload: Workload) -> int:
    """Bytes."""
    key = hashlib.sha256(json.dumps([workload.digest(), workload.options]).encode()).hexdigest()[:16]
    path = placement_cache.folder() / f'{workload.name}-footprint-{key}.json'
    known = placement_cache.load(path)
    if workload.footprint is None and known:
        return known[0]['bytes']
    measured = -(-workload.footprint_bytes() // STEP) * STEP
    report.progress(f'{workload.name} takes {measured / MIB:.0f} MiB')
    if workload.footprint is None:
        placement_cache.store(path, [{'bytes': measured}])
    return measured
