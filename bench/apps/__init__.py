# SPDX-License-Identifier: Apache-2.0
"""The candidates beside polyvet: two floors and two peers, each a small server of its own."""
