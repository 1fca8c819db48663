"""Named limits, rates and kept results of steps."""
