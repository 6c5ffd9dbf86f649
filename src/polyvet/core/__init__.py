# SPDX-License-Identifier: Apache-2.0
"""The rules: who may do what, what a change brings with it. What serves a caller asks for its permission first."""
