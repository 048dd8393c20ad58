# SPDX-License-Identifier: Apache-2.0
"""One process at a time builds one thing, and half-built things are never seen."""

import collections.abc
import contextlib
import fcntl
import pathlib
import shutil
import tempfile


@contextlib.contextmanager
def lock(path: pathlib.Path) -> collections.abc.Iterator[None]:
    """Holds an exclusive lock; ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def building(final: pathlib.Path) -> collections.abc.Iterator[pathlib.Path]:
    """A scratch folder beside `final` that becomes `final` only if the block ends well."""
    final.parent.mkdir(parents=True, exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix=f'.{final.name}.', dir=final.parent))
    try:
        scratch.chmod(0o755)
        yield scratch
        if final.exists():
            shutil.rmtree(final)
        scratch.rename(final)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
