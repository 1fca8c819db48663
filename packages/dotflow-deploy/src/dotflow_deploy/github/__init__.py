"""A workflow as a workflow of GitHub Actions, with its code and its secrets."""
