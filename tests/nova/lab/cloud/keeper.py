# SPDX-License-Identifier: Apache-2.0
"""Keeps a lab for a person, from `up` to `down`: the lab ends with this process.

Prints what it starts, and READY on a line when all runs; then it waits for SIGTERM.
"""

import json
import os
import pathlib
import signal
import sys
import typing as ty

from cloud import catalogue
from cloud import offer
from cloud import stack
from integration import hypertierd

# Which lab is there; one at a time.
NOTE = pathlib.Path('/run/hypertier-openstack-lab.json')
READY = 'ready'

_USE = '''
As a tenant:     . {folder}/acme.rc       (or globex.rc)
                 openstack server create --flavor gold --image busy-guest --nic none --wait web
                 openstack console log show web
As the operator: . {folder}/admin.rc
                 hypertier-flavor check --all;  tierctl list;  tierctl host
Flavors:         gold (FMEM 128 to 384 MiB), wide (FMEM 320), plain (no tiers). The host has 512 MiB of FMEM.
Images:          guest, busy-guest (its programs could use 340 MiB of FMEM)
Logs:            {folder}/logs
End it:          tests/nova/lab/down
'''
_OPERATOR = '''\
export HYPERTIER_ENDPOINT="{endpoint}"
tierctl() {{ "{tierctl}" "$@"; }}
hypertier-flavor() {{ PYTHONPATH="{site}" /usr/bin/python3 "{site}/bin/hypertier-flavor" "$@"; }}
'''


def running() -> ty.Any:
    """What NOTE says, or None where that lab has gone: its pid may be a stranger's by now."""
    try:
        noted = json.loads(NOTE.read_text(encoding='utf-8'))
        command = pathlib.Path(f'/proc/{noted["pid"]}/cmdline').read_text(encoding='utf-8')
    except FileNotFoundError:
        return None
    return noted if 'cloud.keeper' in command else None


def _write_rc(cloud: stack.Stack) -> None:
    for user in ('admin', *catalogue.TENANTS):
        text = cloud.client(user).rc()
        if user == 'admin':
            text += _OPERATOR.format(endpoint=cloud.host.hypertierd.endpoint, tierctl=hypertierd.TIERCTL,
                                     site=cloud.here.site)
        cloud.here.write(f'{user}.rc', text).chmod(0o600)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    cloud = stack.Stack(say=lambda line: print(line, flush=True))
    try:
        offer.flavors(cloud)
        offer.limits(cloud)
        _write_rc(cloud)
        NOTE.write_text(json.dumps({'pid': os.getpid(), 'folder': str(cloud.libvirt.folder)}), encoding='utf-8')
        print(_USE.format(folder=cloud.here.folder), flush=True)
        print(READY, flush=True)
        # Nobody reads on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        while True:
            signal.pause()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        cloud.close()
        NOTE.unlink(missing_ok=True)


if __name__ == '__main__':
    main()
