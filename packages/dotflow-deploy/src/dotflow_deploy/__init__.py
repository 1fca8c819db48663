"""Workflows on a platform: the files that it needs, a plan, a deployment, a teardown."""
