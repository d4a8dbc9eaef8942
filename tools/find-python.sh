#!/bin/sh
# Prints the first Python from 3.11 to 3.13 that can make a virtual environment; nothing if there is none.
for name in python3.13 python3.12 python3.11 python3 python; do
    command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue
    echo "$name"
    exit 0
done
