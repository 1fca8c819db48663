#!/usr/bin/env bash
# Makes the job, and the logic app that starts it. Run it again after each change.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=@@"name"@@
bash deploy/azure-container/deploy.sh
az deployment group create --resource-group "$name" --name "$name-logic" --output none \
  --template-file deploy/@@platform@@/template.json
