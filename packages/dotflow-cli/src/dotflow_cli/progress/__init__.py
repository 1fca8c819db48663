"""What `dotflow start` tells while tasks run."""
