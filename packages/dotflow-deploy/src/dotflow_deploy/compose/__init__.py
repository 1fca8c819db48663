"""A workflow in a container on this machine, or wherever `docker` leads."""
