# Runs the workflow on AWS Fargate.
@@include shared/terraform.tf@@

@@include shared/region.tf@@

variable "image_tag" {
  description = "Tag of the image in the repository that this makes."
  type        = string
  default     = "latest"
}

variable "secrets" {
  description = "ARNs of parameters of the Systems Manager, by the variables they become."
  type        = map(string)
  default     = {}
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

resource "aws_ecr_repository" "workflow" {
  name         = @@"name"@@
  force_delete = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_cloudwatch_log_group" "workflow" {
  name              = "/ecs/@@name@@"
  retention_in_days = 30
}

resource "aws_ecs_cluster" "workflow" {
  name = @@"name"@@
}

resource "aws_security_group" "workflow" {
  name        = @@"name"@@
  description = "Nothing comes in"
  vpc_id      = data.aws_vpc.default.id

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]
    resources = [aws_ecr_repository.workflow.arn]
  }

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.workflow.arn}:*"]
  }

  dynamic "statement" {
    for_each = length(var.secrets) > 0 ? [1] : []

    content {
      actions   = ["ssm:GetParameters"]
      resources = values(var.secrets)
    }
  }
}

# What starts the container: it reads the image, the secrets, and writes the log.
resource "aws_iam_role" "execution" {
  name_prefix        = @@"prefix"@@
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy" "execution" {
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.start.json
}

# What the workflow itself may do: nothing, until policies are attached to it.
resource "aws_iam_role" "task" {
  name_prefix        = @@"prefix"@@
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_ecs_task_definition" "workflow" {
  family                   = @@"name"@@
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([{
    name            = "workflow"
    image           = "${aws_ecr_repository.workflow.repository_url}:${var.image_tag}"
    essential       = true
    stopTimeout     = 60
    linuxParameters = { initProcessEnabled = true }
    secrets         = [for name, arn in var.secrets : { name = name, valueFrom = arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.workflow.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "run"
      }
    }
  }])
}
@@if schedule@@

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "run" {
  statement {
    actions   = ["ecs:RunTask"]
    resources = [aws_ecs_task_definition.workflow.arn]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn, aws_iam_role.task.arn]
  }
}

resource "aws_iam_role" "scheduler" {
  name_prefix        = @@"prefix"@@
  assume_role_policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_iam_role_policy" "scheduler" {
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.run.json
}

resource "aws_scheduler_schedule" "workflow" {
  name                         = @@"name"@@
  schedule_expression          = @@"schedule_native"@@
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.workflow.arn
    role_arn = aws_iam_role.scheduler.arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.workflow.arn
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = data.aws_subnets.default.ids
        security_groups  = [aws_security_group.workflow.id]
        assign_public_ip = true
      }
    }
  }
}
@@end@@

output "repository" {
  value = aws_ecr_repository.workflow.repository_url
}

output "run" {
  description = "The command that runs the workflow once."
  value = join(" ", [
    "aws ecs run-task --region ${var.region} --cluster @@name@@ --task-definition @@name@@",
    "--launch-type FARGATE --network-configuration",
    "awsvpcConfiguration={subnets=[${join(",", data.aws_subnets.default.ids)}],securityGroups=[${aws_security_group.workflow.id}],assignPublicIp=ENABLED}",
  ])
}
