#!/usr/bin/env bash
# Makes the stack, builds the image and pushes it. Run it again after each change.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
export AWS_REGION="${AWS_REGION:-@@region@@}"
# The default network, unless another is given: VPC=vpc-1 SUBNETS=subnet-1,subnet-2
vpc="${VPC:-$(aws ec2 describe-vpcs --filters Name=is-default,Values=true \
  --query 'Vpcs[0].VpcId' --output text)}"
subnets="${SUBNETS:-$(aws ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" \
  --query 'Subnets[].SubnetId' --output text | tr '\t' ',')}"
# An image is never overwritten by another, so that a job definition names one of them.
tag="${TAG:-$(date -u +%Y%m%d%H%M%S)}"

deploy() {
  aws cloudformation deploy --stack-name "$name" --capabilities CAPABILITY_IAM \
    --template-file deploy/@@platform@@/template.yaml --no-fail-on-empty-changeset \
    --parameter-overrides "Vpc=$vpc" "Subnets=$subnets" "$@"
}

@@include shared/ecr_image.sh@@
