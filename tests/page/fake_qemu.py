# SPDX-License-Identifier: Apache-2.0
"""fake_qemu.py UUID CELL:RESIDENT...: holds memory, in bytes, as a QEMU with memfds does, until its input ends."""

import os
import sys

# The UUID is only there to be found on the command line, as it is on QEMU's.
for cell, resident in (map(int, argument.split(':')) for argument in sys.argv[2:]):
    memfd = os.memfd_create('memory-backend-memfd', os.MFD_CLOEXEC)
    os.ftruncate(memfd, cell)
    if resident:
        os.posix_fallocate(memfd, 0, resident)
print('ready', flush=True)
sys.stdin.read()
