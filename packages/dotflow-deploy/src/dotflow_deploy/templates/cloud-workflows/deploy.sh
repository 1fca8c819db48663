#!/usr/bin/env bash
# Builds the image, and makes the service that runs tasks and the workflow that calls it.
# Run it again after each change.
@@include shared/gcloud.sh@@

gcloud services enable artifactregistry.googleapis.com cloudbuild.googleapis.com \
  iam.googleapis.com run.googleapis.com workflows.googleapis.com@@services@@
@@include shared/gcloud_image.sh@@

# The tasks run on different machines: results pass through a bucket.
bucket="gs://$project-$name-results"
if ! gcloud storage buckets describe "$bucket" >/dev/null 2>&1; then
  gcloud storage buckets create "$bucket" --location "$region" \
    --uniform-bucket-level-access --public-access-prevention
fi

account() {
  if ! gcloud iam service-accounts describe "$1@$project.iam.gserviceaccount.com" \
    >/dev/null 2>&1; then
    gcloud iam service-accounts create "$1" --display-name "$2"
  fi
}

# What the tasks may do: read and write results, and nothing else.
runner=@@"runner"@@
account "$runner" "Runs tasks of $name"
gcloud storage buckets add-iam-policy-binding "$bucket" --role roles/storage.objectUser \
  --member "serviceAccount:$runner@$project.iam.gserviceaccount.com" >/dev/null
# Secrets: --set-secrets TOKEN=token:latest, see README.md.
gcloud run deploy "$name" --region "$region" --image "$image" --no-allow-unauthenticated \
  --service-account "$runner@$project.iam.gserviceaccount.com" --cpu 1 --memory 512Mi \
  --concurrency 1 --timeout 1800 --set-env-vars "DOTFLOW_STORAGE=$bucket/dotflow"
url=$(gcloud run services describe "$name" --region "$region" --format 'value(status.url)')

# What the workflow may do: call the service, and nothing else.
caller=@@"caller"@@
account "$caller" "Calls the tasks of $name"
gcloud run services add-iam-policy-binding "$name" --region "$region" \
  --member "serviceAccount:$caller@$project.iam.gserviceaccount.com" \
  --role roles/run.invoker >/dev/null
gcloud workflows deploy "$name" --location "$region" \
  --source deploy/@@platform@@/workflow.yaml \
  --service-account "$caller@$project.iam.gserviceaccount.com" \
  --set-env-vars "DOTFLOW_TASK_URL=$url"
@@if schedule@@

# The scheduler starts it as the same account, which may do that as well then.
gcloud projects add-iam-policy-binding "$project" --role roles/workflows.invoker \
  --member "serviceAccount:$caller@$project.iam.gserviceaccount.com" --condition None \
  >/dev/null
@@include shared/gcloud_schedule.sh@@
gcloud scheduler jobs "$verb" http "$name" --location "$region" \
  --schedule @@"schedule_native"@@ --time-zone Etc/UTC --http-method POST \
  --uri "https://workflowexecutions.googleapis.com/v1/projects/$project/locations/$region/workflows/$name/executions" \
  --oauth-service-account-email "$caller@$project.iam.gserviceaccount.com"
@@end@@
