# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot say: Python of hypertierd's API is made from ../proto while the package is built.

For hypertier-placement alone. Where there is no compiler of protocol buffers, as on a control plane, the package is
built without, and that program says what to install.
"""

import pathlib
import shutil
import subprocess

import setuptools
from setuptools.command import build_py

_PROTO = pathlib.Path(__file__).resolve().parent.parent / 'proto'
_MESSAGES = ['hypertier/v1/vm.proto', 'hypertier/v1/qos.proto']
_SERVICES = ['hypertier/v1/qos.proto']


class BuildWithApi(build_py.build_py):
    def run(self) -> None:
        super().run()
        plugin = shutil.which('grpc_python_plugin')
        if shutil.which('protoc') is None or plugin is None or not _PROTO.is_dir():
            self.warn(f'built without hypertier-placement, for which protoc, grpc_python_plugin (Debian: '
                      f'protobuf-compiler, protobuf-compiler-grpc) and {_PROTO} must be there')
            return
        subprocess.run(['protoc', f'-I{_PROTO}', f'--python_out={self.build_lib}', *_MESSAGES], check=True)
        subprocess.run(['protoc', f'-I{_PROTO}', f'--plugin=protoc-gen-grpc_python={plugin}',
                        f'--grpc_python_out={self.build_lib}', *_SERVICES], check=True)


setuptools.setup(cmdclass={'build_py': BuildWithApi})
