# SPDX-License-Identifier: Apache-2.0
"""A whole small OpenStack on this machine, with HyperTier in it. stack.py starts it; each other module is one part."""
