# SPDX-License-Identifier: Apache-2.0
"""Python stubs of the public API, generated from proto/ into the build folder."""

import pathlib
import shutil
import subprocess
import sys
import types

from lab import locked
from lab import paths

PROTO = paths.REPO / 'proto'
OUT = paths.REPO / 'build' / 'python'


def load() -> tuple[types.ModuleType, types.ModuleType, types.ModuleType, types.ModuleType]:
    """(vm_pb2, operation_pb2, hypertier_pb2, hypertier_pb2_grpc)"""
    files = sorted(PROTO.glob('hypertier/v1/*.proto'))
    with locked.lock(OUT / '.lock'):
        newest = max(file.stat().st_mtime for file in files)
        made = OUT / 'hypertier' / 'v1' / 'hypertier_pb2_grpc.py'
        if not made.exists() or made.stat().st_mtime < newest:
            _generate(files)
    sys.path.insert(0, str(OUT))
    from hypertier.v1 import hypertier_pb2, hypertier_pb2_grpc, operation_pb2, vm_pb2
    return vm_pb2, operation_pb2, hypertier_pb2, hypertier_pb2_grpc


def _generate(files: list[pathlib.Path]) -> None:
    plugin = shutil.which('grpc_python_plugin')
    assert plugin, 'install protobuf-compiler-grpc'
    subprocess.run(['protoc', f'-I{PROTO}', f'--python_out={OUT}', f'--grpc_python_out={OUT}',
                    f'--plugin=protoc-gen-grpc_python={plugin}', *files], check=True)


vm_pb2, operation_pb2, hypertier_pb2, hypertier_pb2_grpc = load()
FMEM = vm_pb2.TIER_KIND_FMEM
SMEM = vm_pb2.TIER_KIND_SMEM
Operation = operation_pb2.Operation
