"""Google Cloud: workflows as jobs of Cloud Run."""
