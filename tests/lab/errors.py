# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the lab itself, as opposed to in what is tested."""


class LabError(Exception):
    """The lab could not do what was asked; the text says what was tried, on what, and what to do about it."""


class GuestTimeout(LabError):
    """A guest, or a command in it, did not answer in time."""


class CommandFailed(LabError):
    """A guest command ended with a status other than 0."""


class KernelComplaint(AssertionError):
    """The guest kernel warned, oopsed or hung: the test that ran meanwhile has failed."""
