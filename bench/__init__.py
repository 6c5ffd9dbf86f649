# SPDX-License-Identifier: Apache-2.0
"""The benchmark: polyvet beside a hand-written floor and two peers, over the same rows."""
