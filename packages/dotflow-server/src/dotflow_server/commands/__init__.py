"""The commands below `dotflow server`, one module each."""
