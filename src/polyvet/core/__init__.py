# SPDX-License-Identifier: Apache-2.0
"""The rules: who may do what, what a change brings with it. Permission is each function's first line."""
