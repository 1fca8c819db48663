"""The `dotflow` command."""
