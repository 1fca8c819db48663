#!/usr/bin/env bash
# Builds the image, pushes it, and makes the app or deploys it anew.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
if ! doctl registry get >/dev/null 2>&1; then
  doctl registry create "${REGISTRY:-$name-$(date +%s)}"
fi
registry=$(doctl registry get --format Endpoint --no-header)
doctl registry login --expiry-seconds 600
docker build --platform linux/amd64 --tag "$registry/$name:latest" .
docker push "$registry/$name:latest"
doctl apps create --upsert --wait --spec deploy/digital-ocean/app.yaml
