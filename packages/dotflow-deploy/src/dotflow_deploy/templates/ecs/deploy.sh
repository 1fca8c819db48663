#!/usr/bin/env bash
# Makes the stack, builds the image and pushes it. Run it again after each change.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
export AWS_REGION="${AWS_REGION:-@@region@@}"
# The default network's subnets, unless others are given: SUBNETS=subnet-1,subnet-2
subnets="${SUBNETS:-$(aws ec2 describe-subnets --filters Name=default-for-az,Values=true \
  --query 'Subnets[].SubnetId' --output text | tr '\t' ',')}"
# An image is never overwritten by another, so that a task definition names one of them.
tag="${TAG:-$(date -u +%Y%m%d%H%M%S)}"

deploy() {
  aws cloudformation deploy --stack-name "$name" --capabilities CAPABILITY_IAM \
    --template-file deploy/@@platform@@/template.yaml --no-fail-on-empty-changeset \
    --parameter-overrides "Subnets=$subnets" "$@"
}

@@include shared/ecr_image.sh@@
