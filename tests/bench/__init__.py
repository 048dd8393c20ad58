# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: ratios in one run, on the virtual machines of tests/lab."""
