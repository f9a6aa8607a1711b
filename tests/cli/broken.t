#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Files that cannot be written, outputs that end, deaths in between: python3's work.
here=$(dirname "$0")
PYTHONDONTWRITEBYTECODE=1 MMSCOPE=$(realpath "${MMSCOPE:-$here/../../build/mmscope}") exec python3 "$here/broken.py" "$@"
