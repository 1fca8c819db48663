"""The nouns: tasks, contexts, graphs, attempts, outcomes, events."""
