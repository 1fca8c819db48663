"""Where attempts run: in this thread, or in worker processes."""
