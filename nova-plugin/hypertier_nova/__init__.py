# SPDX-License-Identifier: Apache-2.0
"""HyperTier for OpenStack: see README.md beside this package's sources."""
