# SPDX-License-Identifier: Apache-2.0
"""The console: pages under `/console` for a clinic's people, over the same core that the dialects use."""
