# SPDX-License-Identifier: Apache-2.0
"""Shared by all Python tests: real servers, exact HTTP, test images."""
