# SPDX-License-Identifier: Apache-2.0
"""Telling webhooks of what happened, and people by mail: at least once, and with one id for each message however often
it is sent."""
