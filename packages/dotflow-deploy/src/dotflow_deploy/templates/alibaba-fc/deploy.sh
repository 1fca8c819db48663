#!/usr/bin/env bash
# Builds the image, pushes it and deploys the function. Run it again after each change.
set -euo pipefail
cd "$(dirname "$0")/../.."

# A repository of Alibaba's registry that you are signed in to with `docker login`:
# registry.@@region@@.aliyuncs.com/your-namespace/@@name@@
repository="${REPOSITORY:?Set it to the address of your repository, see README.md}"
IMAGE="$repository:$(date -u +%Y%m%d%H%M%S)"
export IMAGE

docker build --platform linux/amd64 --file deploy/@@platform@@/Dockerfile --tag "$IMAGE" .
docker push "$IMAGE"
s deploy --template deploy/@@platform@@/s.yaml --assume-yes
