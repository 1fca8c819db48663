"""What `dotflow init` writes."""
