# SPDX-License-Identifier: Apache-2.0
"""What the host really backs of a guest's memory, measured by the lab's own means and not by those of the product.

Guest memory is in memfds. Their block counts are what is backed; QEMU creates those of the cells first, in their
order, then those of memory devices.
"""

import os
import pathlib


def memory_files(pid: int) -> list[pathlib.Path]:
    """The guest memory of a QEMU process, in order of creation."""
    folder = pathlib.Path(f'/proc/{pid}/fd')
    found = []
    for entry in folder.iterdir():
        try:
            if os.readlink(entry).startswith('/memfd:memory-backend-memfd'):
                found.append(int(entry.name))
        except FileNotFoundError:
            continue
    return [folder / str(number) for number in sorted(found)]


def resident(file: pathlib.Path) -> int:
    """Bytes backed; st_blocks is in 512 byte units whatever the file system."""
    return file.stat().st_blocks * 512
