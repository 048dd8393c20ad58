# SPDX-License-Identifier: Apache-2.0
"""Real two-tier virtual machines for tests and benchmarks; see README.md."""
