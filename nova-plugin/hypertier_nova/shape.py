# SPDX-License-Identifier: Apache-2.0
"""Gives domain XML two tiers, by `tierctl domain-xml`: the rules are there, and nowhere else.

It also writes into the domain's metadata what the VM is promised, for hypertierd to read (docs/qos.md).
"""

import dataclasses
import subprocess
import typing as ty

from oslo_concurrency import processutils

from hypertier_nova import flavor

# How tierctl ends when the domain has what tiers cannot live with.
_REFUSED = 4


class ShapeRefused(ValueError):
    """The domain cannot have tiers; tierctl's own words, which name the element and the remedy."""


class ShapeFailed(RuntimeError):
    """tierctl did not run."""


@dataclasses.dataclass(frozen=True)
class Shaper:
    # Program, and NUMA nodes of the host that back the tiers; see conf.COMPUTE_OPTS.
    tierctl: str
    fmem_nodes: str = ''
    smem_nodes: str = ''
    # tierctl reads and writes some kilobytes; on a host under load it may wait for a CPU.
    timeout_s: float = 30

    def arguments(self, tiered: flavor.TieredFlavor, project_id: str) -> ty.List[str]:
        arguments = [self.tierctl, 'domain-xml', f'--tenant={project_id}']
        if tiered.policy is not None:
            arguments.append(f'--mode={tiered.policy}')
        if tiered.qos_class is not None:
            arguments.append(f'--class={tiered.qos_class}')
        if tiered.migrate_mbps is not None:
            arguments.append(f'--move-rate={tiered.migrate_mbps}MiB')
        for name, nodes in (('fmem', self.fmem_nodes), ('smem', self.smem_nodes)):
            tier = tiered.tier(name)
            # Boot targets are the claims: burst is hypertierd's to give.
            arguments += [f'--{name}-cell={tier.max_mb}MiB', f'--{name}-target={tier.claim_mb}MiB']
            # The limit is always said: else that of the class might cut into the claim.
            arguments += [f'--{name}-reservation={tier.claim_mb}MiB', f'--{name}-limit={tier.max_mb}MiB']
            if tier.shares is not None:
                arguments.append(f'--{name}-shares={tier.shares}')
            if nodes:
                arguments.append(f'--{name}-node={nodes}')
        return arguments + ['-']

    def shape(self, xml: str, tiered: flavor.TieredFlavor, project_id: str) -> str:
        """Raises ShapeRefused, ShapeFailed."""
        started: ty.List[ty.Any] = []
        try:
            # processutils, since it keeps eventlet's other green threads going.
            shaped, _ = processutils.execute(*self.arguments(tiered, project_id), process_input=xml.encode(),
                                             timeout=self.timeout_s, on_execute=started.append)
        except processutils.ProcessExecutionError as error:
            words = (error.stderr or str(error)).strip()
            if error.exit_code == _REFUSED:
                raise ShapeRefused(words.removeprefix('tierctl: '))
            raise ShapeFailed(f'{self.tierctl} domain-xml ended with {error.exit_code}: {words}')
        except subprocess.TimeoutExpired:
            started[0].kill()
            started[0].wait()
            raise ShapeFailed(f'{self.tierctl} domain-xml did not end within {self.timeout_s} s')
        except OSError as error:
            raise ShapeFailed(f'[hypertier] tierctl={self.tierctl} does not run: {error}; '
                              'install HyperTier on this compute node, or say where tierctl is')
        return shaped
