#!/usr/bin/env bash
# Puts a task into the queue: enqueue.sh '{"day": "2026-01-31"}'
set -euo pipefail

name=@@"name"@@
region="${REGION:-@@region@@}"
project="${PROJECT:-$(gcloud config get-value project)}"
export CLOUDSDK_CORE_PROJECT="$project"
url=$(gcloud run services describe "$name" --region "$region" --format 'value(status.url)')
gcloud tasks create-http-task --queue "$name" --location "$region" --url "$url/" \
  --method POST --header Content-Type:application/json --body-content "${1:-{\}}" \
  --oidc-service-account-email @@"account"@@"@$project.iam.gserviceaccount.com" \
  --oidc-token-audience "$url"
