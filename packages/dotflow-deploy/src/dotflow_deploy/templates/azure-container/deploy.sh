#!/usr/bin/env bash
# Builds the image in a registry and makes the job that runs it. Run it again after each
# change.
@@include shared/azure_image.sh@@
az deployment group create --resource-group "$name" --name "$name" --output none \
  --template-file deploy/azure-container/template.json \
  --parameters "image=$registry.azurecr.io/$name:$tag" "registry=$registry"
