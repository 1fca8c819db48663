"""The pydantic models of `dotflow-schema`, at the paths of dotflow 1.x."""
