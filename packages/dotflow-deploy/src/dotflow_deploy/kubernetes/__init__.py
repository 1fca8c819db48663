"""A workflow as a job of a Kubernetes cluster, once or on a schedule."""
