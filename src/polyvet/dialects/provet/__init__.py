# SPDX-License-Identifier: Apache-2.0
"""The Provet Cloud dialect."""
