# SPDX-License-Identifier: Apache-2.0
"""Who is calling: keys, applications and their tokens, users and their passwords."""
