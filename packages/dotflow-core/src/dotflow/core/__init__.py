"""What users write with: workflow, task, action, context, config."""
