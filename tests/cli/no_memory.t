#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# No memory, at each place where the tool takes some: python3's work.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 MMSCOPE=$(realpath "${MMSCOPE:-$here/../../build/mmscope}") exec python3 "$here/no_memory.py"
