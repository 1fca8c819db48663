#!/usr/bin/env bash
# Puts the source together and deploys the function. Run it again after each change.
@@include shared/gcloud.sh@@

gcloud services enable artifactregistry.googleapis.com cloudbuild.googleapis.com \
  cloudfunctions.googleapis.com run.googleapis.com@@services@@
python deploy/@@platform@@/build.py
# For events instead: --entry-point run_event --retry and a trigger, see README.md.
gcloud functions deploy "$name" --gen2 --region "$region" --runtime @@runtime@@ \
  --source build/@@platform@@ --entry-point run_request --trigger-http \
  --no-allow-unauthenticated --cpu 1 --memory 512Mi --timeout 900s --max-instances 10
@@if schedule@@

# Who may call the function: an account that can do that and nothing else.
account=@@"account"@@
email="$account@$project.iam.gserviceaccount.com"
if ! gcloud iam service-accounts describe "$email" >/dev/null 2>&1; then
  gcloud iam service-accounts create "$account" --display-name "Calls the function $name"
fi
gcloud functions add-invoker-policy-binding "$name" --region "$region" \
  --member "serviceAccount:$email" >/dev/null
url=$(gcloud functions describe "$name" --region "$region" --format 'value(url)')
@@include shared/gcloud_schedule.sh@@
gcloud scheduler jobs "$verb" http "$name" --location "$region" --uri "$url" \
  --schedule @@"schedule_native"@@ --time-zone Etc/UTC --http-method POST \
  --message-body '{}' --attempt-deadline 900s \
  --oidc-service-account-email "$email" --oidc-token-audience "$url"
@@end@@
