#!/usr/bin/env bash
# Builds the image and makes the job that runs it. Run it again after each change.
@@include shared/gcloud.sh@@

gcloud services enable artifactregistry.googleapis.com cloudbuild.googleapis.com \
  run.googleapis.com@@services@@
@@include shared/gcloud_image.sh@@
# A job rather than a service: the workflow has an end, and an exit code.
# Secrets: --set-secrets TOKEN=token:latest, see README.md.
gcloud run jobs deploy "$name" --region "$region" --image "$image" \
  --tasks 1 --max-retries 0 --task-timeout 15m --cpu 1 --memory 512Mi
@@if schedule@@

# Who may start the job: an account that can do that and nothing else.
account="@@account@@@$project.iam.gserviceaccount.com"
if ! gcloud iam service-accounts describe "$account" >/dev/null 2>&1; then
  gcloud iam service-accounts create @@account@@ --display-name "Starts the job $name"
fi
gcloud run jobs add-iam-policy-binding "$name" --region "$region" \
  --member "serviceAccount:$account" --role roles/run.invoker >/dev/null
@@include shared/gcloud_schedule.sh@@
gcloud scheduler jobs "$verb" http "$name" --location "$region" \
  --schedule @@"schedule"@@ --time-zone Etc/UTC --http-method POST \
  --uri "https://run.googleapis.com/v2/projects/$project/locations/$region/jobs/$name:run" \
  --oauth-service-account-email "$account"
@@end@@
