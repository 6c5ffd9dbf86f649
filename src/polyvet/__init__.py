# SPDX-License-Identifier: Apache-2.0
"""polyvet: one veterinary practice record, served in the REST dialects of several vendors."""

__version__ = "0.1.0"
