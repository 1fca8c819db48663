"""The same workload on dotflow and on others, each in an environment of its own."""
