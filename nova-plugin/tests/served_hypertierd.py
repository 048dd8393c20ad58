# SPDX-License-Identifier: Apache-2.0
"""A gRPC server that answers for hypertierd what hypertier-placement asks, and misbehaves when told to.

In the process of a test, or (`python3 served_hypertierd.py SOCKET`, for tests under eventlet, with which gRPC does not
go) in one of its own: each line of its input is JSON of attributes to set, and is answered with its grants in JSON.
"""

from concurrent import futures
import json
import sys
import time
import typing as ty

import grpc
from hypertier.v1 import qos_pb2
from hypertier.v1 import qos_pb2_grpc
from hypertier.v1 import vm_pb2

MIB = 1 << 20


class ServedHypertierd(qos_pb2_grpc.QosServiceServicer):
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.policy = 'hotness'
        # Why there is maintenance, nothing planned, no libvirt; empty: it is otherwise.
        self.maintenance = self.reason = self.disconnected = ''
        # MiB; None: not known.
        self.fmem_mb: ty.Optional[int] = 4096
        self.smem_mb: ty.Optional[int] = 16384
        # Misbehaviour: a status in place of every answer, seconds before it.
        self.fail: ty.Optional[grpc.StatusCode] = None
        self.delay_s = 0.0
        # By VM's UUID: tenant, MiB of each tier. None: never told. And how often it was told.
        self.grants: ty.Optional[ty.Dict[str, ty.Tuple[str, int, int]]] = None
        self.told = 0
        self.actors: ty.Set[str] = set()
        self._server: ty.Optional[grpc.Server] = None

    def start(self) -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        qos_pb2_grpc.add_QosServiceServicer_to_server(self, self._server)
        assert self._server.add_insecure_port(self.endpoint)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def _misbehave(self, context: grpc.ServicerContext) -> None:
        until = time.monotonic() + self.delay_s
        while self.delay_s and time.monotonic() < until:
            time.sleep(0.02)
        if self.fail is not None:
            context.abort(self.fail, 'as the test wants it')

    def GetHost(self, request: qos_pb2.GetHostRequest, context: grpc.ServicerContext) -> qos_pb2.GetHostResponse:
        self._misbehave(context)
        host = qos_pb2.Host(policy=self.policy, reason=self.reason, disconnected=self.disconnected)
        for kind, size in ((vm_pb2.TIER_KIND_FMEM, self.fmem_mb), (vm_pb2.TIER_KIND_SMEM, self.smem_mb)):
            if size is not None:
                # Half a MiB more, that placement cannot have.
                host.tiers.add(kind=kind, capacity_bytes=size * MIB + MIB // 2)
        if self.maintenance:
            host.maintenance.reason = self.maintenance
        return qos_pb2.GetHostResponse(host=host)

    def SetGrants(self, request: qos_pb2.SetGrantsRequest, context: grpc.ServicerContext) -> qos_pb2.SetGrantsResponse:
        self._misbehave(context)
        vms = {}
        for one in request.grants:
            folder, _, vm = one.vm.partition('/')
            assert folder == 'vms' and vm not in vms
            vms[vm] = (one.tenant, one.fmem_bytes // MIB, one.smem_bytes // MIB)
        self.grants = vms
        self.told += 1
        self.actors.update(value for key, value in context.invocation_metadata() if key == 'hypertier-actor')
        return qos_pb2.SetGrantsResponse()


def main() -> None:
    served = ServedHypertierd(sys.argv[1])
    served.start()
    for line in sys.stdin:
        for name, value in json.loads(line).items():
            setattr(served, name, value)
        print(json.dumps(served.grants), flush=True)
    served.stop()


if __name__ == '__main__':
    main()
