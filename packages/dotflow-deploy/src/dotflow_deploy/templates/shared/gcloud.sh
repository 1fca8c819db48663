set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
region="${REGION:-@@region@@}"
project="${PROJECT:-$(gcloud config get-value project)}"
export CLOUDSDK_CORE_PROJECT="$project"
