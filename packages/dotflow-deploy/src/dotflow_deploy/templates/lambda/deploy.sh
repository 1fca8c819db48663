#!/usr/bin/env bash
# Packages the function and deploys the stack. Run it again after each change.
set -euo pipefail
cd "$(dirname "$0")"

python build.py
sam deploy "$@"
