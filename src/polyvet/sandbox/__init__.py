# SPDX-License-Identifier: Apache-2.0
"""The demo practice: living data to try every dialect on, the same for the same seed and day."""
