# SPDX-License-Identifier: Apache-2.0
"""hypertier-placement: keeps placement in step with the hypertierd of one compute node, and hypertierd with placement.

Runs beside hypertierd, never inside nova, so it may use gRPC. It takes the extra `placement` of pyproject.toml.
"""
