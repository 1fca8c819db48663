"""Tasks that run once for each item."""
