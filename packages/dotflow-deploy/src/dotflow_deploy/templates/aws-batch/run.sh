#!/usr/bin/env bash
# Runs the workflow once, now, and waits for its end. Exits as the workflow does.
set -euo pipefail

name=@@"name"@@
export AWS_REGION="${AWS_REGION:-@@region@@}"
job=$(aws batch submit-job --job-name "$name" --job-queue "$name" --job-definition "$name" \
  --query jobId --output text)
echo "Submitted $job"
while :; do
  read -r state stream < <(aws batch describe-jobs --jobs "$job" \
    --query 'jobs[0].[status, container.logStreamName]' --output text)
  case "$state" in
    SUCCEEDED | FAILED) break ;;
  esac
  sleep 5
done
if [ "$stream" != None ]; then
  aws logs get-log-events --log-group-name "/batch/$name" --log-stream-name "$stream" \
    --query 'events[].message' --output text
fi
echo "$state"
[ "$state" = SUCCEEDED ]
