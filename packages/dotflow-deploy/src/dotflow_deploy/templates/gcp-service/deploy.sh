#!/usr/bin/env bash
# Builds the image, and makes the service that runs it and @@what@@ in front of it.
# Run it again after each change.
@@include shared/gcloud.sh@@

gcloud services enable artifactregistry.googleapis.com cloudbuild.googleapis.com \
  iam.googleapis.com run.googleapis.com @@service@@.googleapis.com
@@include shared/gcloud_image.sh@@
# Secrets: --set-secrets TOKEN=token:latest, see README.md.
gcloud run deploy "$name" --region "$region" --image "$image" --no-allow-unauthenticated \
  --cpu 1 --memory 512Mi --concurrency 8 --max-instances 10 --timeout @@timeout@@
url=$(gcloud run services describe "$name" --region "$region" --format 'value(status.url)')

# Who may call the service: an account that can do that and nothing else.
account=@@"account"@@
email="$account@$project.iam.gserviceaccount.com"
if ! gcloud iam service-accounts describe "$email" >/dev/null 2>&1; then
  gcloud iam service-accounts create "$account" --display-name "Calls the service $name"
fi
gcloud run services add-iam-policy-binding "$name" --region "$region" \
  --member "serviceAccount:$email" --role roles/run.invoker >/dev/null

@@if tasks@@
# A run that fails is tried again, after 10 seconds and then after longer and longer.
verb=create
if gcloud tasks queues describe "$name" --location "$region" >/dev/null 2>&1; then
  verb=update
fi
gcloud tasks queues "$verb" "$name" --location "$region" --max-attempts 5 \
  --min-backoff 10s --max-backoff 300s --max-concurrent-dispatches 8
@@else@@
for topic in "$name" "$name-failed"; do
  if ! gcloud pubsub topics describe "$topic" >/dev/null 2>&1; then
    gcloud pubsub topics create "$topic"
  fi
done
# Keeps what was given up, until someone looks at it.
if ! gcloud pubsub subscriptions describe "$name-failed" >/dev/null 2>&1; then
  gcloud pubsub subscriptions create "$name-failed" --topic "$name-failed" \
    --message-retention-duration 7d --expiration-period never
fi
settings=(--push-endpoint "$url/" --push-auth-service-account "$email" --ack-deadline 600
  --min-retry-delay 10s --max-retry-delay 600s --expiration-period never
  --dead-letter-topic "$name-failed" --max-delivery-attempts 5)
if gcloud pubsub subscriptions describe "$name" >/dev/null 2>&1; then
  gcloud pubsub subscriptions update "$name" "${settings[@]}"
else
  gcloud pubsub subscriptions create "$name" --topic "$name" "${settings[@]}"
fi
# Pub/Sub itself moves what was given up: it has to be allowed to.
number=$(gcloud projects describe "$project" --format 'value(projectNumber)')
agent="serviceAccount:service-$number@gcp-sa-pubsub.iam.gserviceaccount.com"
gcloud pubsub topics add-iam-policy-binding "$name-failed" --member "$agent" \
  --role roles/pubsub.publisher >/dev/null
gcloud pubsub subscriptions add-iam-policy-binding "$name" --member "$agent" \
  --role roles/pubsub.subscriber >/dev/null
@@end@@
echo "Serving at $url"
