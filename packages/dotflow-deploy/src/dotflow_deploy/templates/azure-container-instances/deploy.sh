#!/usr/bin/env bash
# Builds the image in a registry and runs it once, as a container without a machine.
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
# It reads the image as an identity of its own, so that no password is needed.
az identity create --resource-group "$name" --name "$name-id" --output none
identity=$(az identity show --resource-group "$name" --name "$name-id" --query id --output tsv)
az role assignment create --role AcrPull --assignee-principal-type ServicePrincipal \
  --assignee-object-id "$(az identity show --ids "$identity" --query principalId --output tsv)" \
  --scope "$(az acr show --name "$registry" --query id --output tsv)" --output none
# What ran before is removed: a container group runs when it is made.
if az container show --resource-group "$name" --name "$name" >/dev/null 2>&1; then
  az container delete --resource-group "$name" --name "$name" --yes --output none
fi
az deployment group create --resource-group "$name" --name "$name" --output none \
  --template-file deploy/azure-container-instances/template.json \
  --parameters "image=$registry.azurecr.io/$name:$tag" "registry=$registry" \
  "identity=$identity" "$@"
az container logs --resource-group "$name" --name "$name" --follow
show() {
  az container show --resource-group "$name" --name "$name" --output tsv \
    --query "containers[0].instanceView.currentState.$1"
}
# The log may end a moment before the container does.
while :; do
  state=$(show state)
  [ "$state" != Terminated ] || break
  sleep 5
done
code=$(show exitCode)
echo "Exit code $code"
[ "$code" = 0 ]
