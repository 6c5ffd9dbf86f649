# SPDX-License-Identifier: Apache-2.0
"""One folder a vendor: its paths, its envelope, its errors."""
