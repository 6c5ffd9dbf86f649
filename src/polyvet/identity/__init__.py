# SPDX-License-Identifier: Apache-2.0
"""Who is calling: keys today, users and OAuth when they come."""
