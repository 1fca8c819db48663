#!/usr/bin/env bash
# Makes the function app, puts the source together and deploys it. Run it again after each
# change.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
region="${REGION:-@@region@@}"
subscription=$(az account show --query id --output tsv)
# Both names are the whole world's.
mark=$(printf %s "$subscription$name" | sha256sum | cut -c1-12)
storage="${STORAGE:-dotflow$mark}"
app="${APP:-$name-$mark}"

python deploy/@@platform@@/build.py
python -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[1])' \
  build/@@platform@@

az group create --name "$name" --location "$region" --output none
az storage account create --resource-group "$name" --name "$storage" --sku Standard_LRS \
  --min-tls-version TLS1_2 --allow-blob-public-access false --output none
@@if queue@@
az storage queue create --account-name "$storage" --name @@"queue"@@ --auth-mode key \
  --only-show-errors --output none
@@end@@
if ! az functionapp show --resource-group "$name" --name "$app" >/dev/null 2>&1; then
  az functionapp create --resource-group "$name" --name "$app" --storage-account "$storage" \
    --flexconsumption-location "$region" --runtime python --runtime-version @@python@@ \
    --instance-memory 2048 --output none
fi
az functionapp deployment source config-zip --resource-group "$name" --name "$app" \
  --src build/@@platform@@.zip --build-remote true
