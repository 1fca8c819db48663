#!/usr/bin/env bash
# Runs the workflow once, now, and shows its log. Exits as the workflow does.
set -euo pipefail

name=@@"name"@@
export AWS_REGION="${AWS_REGION:-@@region@@}"
subnets=$(aws cloudformation describe-stacks --stack-name "$name" \
  --query "Stacks[0].Outputs[?OutputKey=='Subnets'].OutputValue" --output text)
task=$(aws ecs run-task --cluster "$name" --task-definition "$name" --launch-type FARGATE \
  --network-configuration "awsvpcConfiguration={subnets=[$subnets],assignPublicIp=ENABLED}" \
  --query 'tasks[0].taskArn' --output text)
echo "Started $task"
while :; do
  state=$(aws ecs describe-tasks --cluster "$name" --tasks "$task" \
    --query 'tasks[0].lastStatus' --output text)
  [ "$state" != STOPPED ] || break
  sleep 5
done
# A task whose container could not be started has no log.
aws logs get-log-events --log-group-name "/ecs/$name" --start-from-head \
  --log-stream-name "run/workflow/${task##*/}" --query 'events[].message' --output text || true
read -r code reason < <(aws ecs describe-tasks --cluster "$name" --tasks "$task" \
  --query 'tasks[0].[containers[0].exitCode, stoppedReason]' --output text)
echo "Exit code $code: $reason"
[ "$code" = 0 ]
