# SPDX-License-Identifier: Apache-2.0
"""What nova calls this host, which is what libvirt calls it."""

import socket


def default() -> str:
    """As libvirt has it (virGetHostname): the name itself where it has a dot, else the name that it resolves to."""
    name = socket.gethostname()
    if '.' in name or name.startswith('localhost'):
        return name
    try:
        found = socket.getaddrinfo(name, None, flags=socket.AI_CANONNAME)[0][3]
    except OSError:
        return name
    return found if found and not found.startswith('localhost') else name
