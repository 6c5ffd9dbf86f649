# SPDX-License-Identifier: Apache-2.0
"""The schema's history: one file a revision, each with its own explicit steps for both engines."""
