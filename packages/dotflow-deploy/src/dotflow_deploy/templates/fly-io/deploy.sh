#!/usr/bin/env bash
@@if schedule@@
# Builds the image and starts the machine that waits for the schedule.
@@else@@
# Builds the image and runs it once, on a machine that is gone afterwards.
@@end@@
set -euo pipefail
cd "$(dirname "$0")/../.."

# A name on Fly is one of the whole world's: APP=another, if this one is taken.
app="${APP:-@@name@@}"
region="${REGION:-@@region@@}"
if ! fly status --app "$app" >/dev/null 2>&1; then
  fly apps create "$app"
fi
@@if schedule@@
fly deploy --app "$app" --primary-region "$region" --ha=false
@@else@@
fly deploy --app "$app" --build-only --push --image-label latest
fly machine run "registry.fly.io/$app:latest" --app "$app" --region "$region" \
  --vm-memory 512 --restart no --rm
echo "It runs. Its log: fly logs --app $app"
@@end@@
