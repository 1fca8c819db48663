"""Deployers for Amazon Web Services: Lambda, ECS on Fargate and Step Functions."""
