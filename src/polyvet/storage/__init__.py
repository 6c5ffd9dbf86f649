# SPDX-License-Identifier: Apache-2.0
"""The only SQL: one schema and one text of each statement for SQLite and PostgreSQL."""
