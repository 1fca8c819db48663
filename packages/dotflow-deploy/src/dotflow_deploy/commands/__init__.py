"""The commands, one module each; what is heavy is imported when one is called."""
