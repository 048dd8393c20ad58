# SPDX-License-Identifier: Apache-2.0
"""Where nova looks for compute_driver = hypertier.HyperTierDriver."""

from hypertier_nova.driver import HyperTierDriver

__all__ = ['HyperTierDriver']
