"""`Config`, and where it can be read from."""
