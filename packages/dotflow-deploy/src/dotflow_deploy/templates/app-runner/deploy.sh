#!/usr/bin/env bash
# Makes the stack, builds the image and pushes it. Run it again after each change.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
export AWS_REGION="${AWS_REGION:-@@region@@}"
tag="${TAG:-$(date -u +%Y%m%d%H%M%S)}"

output() {
  aws cloudformation describe-stacks --stack-name "$name" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}
deploy() {
  aws cloudformation deploy --stack-name "$name" --capabilities CAPABILITY_IAM \
    --template-file deploy/@@platform@@/template.yaml --no-fail-on-empty-changeset \
    --parameter-overrides "ImageTag=$tag" "Service=$1"
}

# The repository has to be there before the image, and the image before the service.
if ! aws cloudformation describe-stacks --stack-name "$name" >/dev/null 2>&1; then
  deploy false
fi
repository=$(output Repository)
aws ecr get-login-password |
  docker login --username AWS --password-stdin "${repository%%/*}"
docker build --platform linux/amd64 --file deploy/@@platform@@/Dockerfile \
  --tag "$repository:$tag" .
docker push "$repository:$tag"
deploy true
echo "Serving at $(output Url)"
