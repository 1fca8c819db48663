"""How a workflow runs: graph, loop, attempts, checkpoints, events."""
