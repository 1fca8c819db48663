verb=create
if gcloud scheduler jobs describe "$name" --location "$region" >/dev/null 2>&1; then
  verb=update
fi
