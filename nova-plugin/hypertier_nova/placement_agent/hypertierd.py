# SPDX-License-Identifier: Apache-2.0
"""hypertierd's API, as far as the agent needs it."""

import typing as ty

import grpc
from hypertier.v1 import qos_pb2
from hypertier.v1 import qos_pb2_grpc
from hypertier.v1 import vm_pb2

from hypertier_nova.placement_agent import grants
from hypertier_nova.placement_agent import names
from hypertier_nova.placement_agent import standing

_CLASS_OF = {vm_pb2.TIER_KIND_FMEM: names.FMEM, vm_pb2.TIER_KIND_SMEM: names.SMEM}
_MIB = 1 << 20
# Nothing of an earlier channel's, whose back-off may keep it for seconds from a hypertierd that is there again.
_CHANNEL = [('grpc.use_local_subchannel_pool', 1), ('grpc.enable_http_proxy', 0)]


class HypertierdError(Exception):
    """It does not answer, or refuses; in words."""


def read(host: qos_pb2.Host) -> ty.Tuple[standing.Standing, str]:
    """How the host stands by its own word, and its trouble, if any."""
    totals = {_CLASS_OF[tier.kind]: tier.capacity_bytes // _MIB for tier in host.tiers if tier.kind in _CLASS_OF}
    unfit = ''
    if host.HasField('maintenance'):
        unfit = f'it is in maintenance: {host.maintenance.reason}'
    elif not host.policy:
        unfit = f'nothing is planned: {host.reason}'
    elif len(totals) < len(_CLASS_OF):
        unfit = 'hypertierd does not know how large its tiers are'
    trouble = f'hypertierd is not connected to libvirt: {host.disconnected}' if host.disconnected else ''
    return standing.Standing(totals if len(totals) == len(_CLASS_OF) else None, unfit), trouble


class Hypertierd:
    def __init__(self, endpoint: str, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._channel: ty.Optional[grpc.Channel] = None

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def standing(self) -> ty.Tuple[standing.Standing, str]:
        """As read() has it. Raises HypertierdError."""
        return read(self._call('GetHost', qos_pb2.GetHostRequest()).host)

    def set_grants(self, wanted: ty.Iterable[grants.Grant]) -> None:
        """In place of all that it was told before. Raises HypertierdError."""
        self._call('SetGrants', qos_pb2.SetGrantsRequest(reason="placement's allocations", grants=[
            qos_pb2.Grant(vm=f'vms/{one.vm}', tenant=one.tenant, fmem_bytes=one.fmem_mb * _MIB,
                          smem_bytes=one.smem_mb * _MIB) for one in wanted]))

    def _call(self, method: str, request: ty.Any) -> ty.Any:
        if self._channel is None:
            self._channel = grpc.insecure_channel(self._endpoint, _CHANNEL)
        try:
            return getattr(qos_pb2_grpc.QosServiceStub(self._channel), method)(
                request, timeout=self._timeout_s, metadata=[('hypertier-actor', 'hypertier-placement')])
        except grpc.RpcError as error:
            # The next call begins with a connection of its own.
            self.close()
            raise HypertierdError(f'hypertierd at {self._endpoint}: {error.code().name}: {error.details()}')
