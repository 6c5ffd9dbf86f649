# SPDX-License-Identifier: Apache-2.0
"""Plain data: entities, values, codelists and errors. No HTTP, no SQL, no vendor's word."""
