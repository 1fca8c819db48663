if ! gcloud artifacts repositories describe dotflow --location "$region" >/dev/null 2>&1; then
  gcloud artifacts repositories create dotflow --location "$region" --repository-format docker
fi
# A new tag each time: what runs names one image for good.
image="$region-docker.pkg.dev/$project/dotflow/$name:$(date -u +%Y%m%d%H%M%S)"
gcloud builds submit . --config deploy/@@platform@@/cloudbuild.yaml \
  --substitutions "_IMAGE=$image"
