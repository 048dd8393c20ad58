# SPDX-License-Identifier: Apache-2.0
"""Virtual PEBS and the run-time model; see README.md."""
