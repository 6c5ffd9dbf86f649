# SPDX-License-Identifier: Apache-2.0
"""HTTP helpers for all dialects. No vendor's name stands here."""
