set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
region="${REGION:-@@region@@}"
subscription=$(az account show --query id --output tsv)
# A registry's name is one of the whole world's.
registry="${REGISTRY:-dotflow$(printf %s "$subscription$name" | sha256sum | cut -c1-12)}"
tag=$(date -u +%Y%m%d%H%M%S)

az group create --name "$name" --location "$region" --output none
az acr create --resource-group "$name" --name "$registry" --sku Basic --output none
az acr build --registry "$registry" --image "$name:$tag" .
