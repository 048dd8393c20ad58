# SPDX-License-Identifier: Apache-2.0
"""Words for systemd (sd_notify(3)); where it does not run, they go nowhere.

oslo.service has this, too, and brings eventlet, with which gRPC does not go.
"""

import os
import socket


def tell(state: str) -> None:
    address = os.environ.get('NOTIFY_SOCKET')
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.sendto(state.encode(), '\0' + address[1:] if address.startswith('@') else address)
    except OSError:
        # It ends us by its own bound then, and starts us anew.
        pass


def alive() -> None:
    """For the watchdog: something has come to its end, so nothing hangs."""
    tell('WATCHDOG=1')
