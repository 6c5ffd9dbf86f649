# SPDX-License-Identifier: Apache-2.0
"""VetCheck: content for clients, delivered to clinics and shared with pet owners."""
