"""`DotFlow`: a workflow that is added to and started."""
