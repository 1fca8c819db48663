#!/usr/bin/env bash
# Builds the image in a registry and runs it once, as a container without a machine.
@@include shared/azure_image.sh@@
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
