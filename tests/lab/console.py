# SPDX-License-Identifier: Apache-2.0
"""A guest's serial console: kept as a file, and searched for a kernel that is not well."""

import collections.abc
import pathlib
import re

from lab import errors

# Not "Call Trace": an OOM kill, which some tests want, prints one too.
COMPLAINT = re.compile(r'''
    \bWARNING: | \bBUG: | \bkernel\ BUG\b | \bOops\b | \bUnable\ to\ handle\b | general\ protection\ fault
  | Kernel\ panic
  | \bcut\ here\b | \bpossible\ (circular|recursive|irq) | suspicious\ RCU | inconsistent\ lock\ state | \blockdep\b
  | INFO:\ task\ .*\ blocked | \brcu:\ INFO: | (soft|hard)\ lockup | \bBad\ page\b | \bbad:\ scheduling\b
  | list_(add|del)\ corruption | refcount_t: | \bUBSAN: | \bKASAN: | \bKFENCE: | page\ allocation\ (failure|stalls)
  | Freeing\ a\ page | nonzero\ _refcount | unable\ to\ start\ /init | lab:\ cannot
''', re.VERBOSE)


class Console:
    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def text(self) -> str:
        try:
            return self.path.read_text(encoding='utf-8', errors='replace')
        except FileNotFoundError:
            return ''

    def tail(self, lines: int = 25) -> str:
        return '\n'.join(self.text().splitlines()[-lines:])

    def complaints(self, allow: collections.abc.Iterable[str] = ()) -> list[str]:
        """Lines in which the kernel complains, but for those that contain an allowed text."""
        allowed = tuple(allow)
        return [line for line in self.text().splitlines()
                if COMPLAINT.search(line) and not any(text in line for text in allowed)]

    def check(self, allow: collections.abc.Iterable[str] = ()) -> None:
        """Fails when there is a complaint."""
        found = self.complaints(allow)
        if found:
            said = [f'the guest kernel complains (console: {self.path}):', *found[:20]]
            raise errors.KernelComplaint('\n'.join(said))
