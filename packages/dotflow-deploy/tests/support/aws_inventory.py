"""Everything that is in an account, told so that two deployments can be compared."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3

VOLATILE = {
    "ApiEndpoint",
    "ApiGatewayManaged",
    "CodeSize",
    "CreateDate",
    "CreatedDate",
    "CreatedTimestamp",
    "LastModified",
    "LastModifiedTimestamp",
    "LastUpdatedDate",
    "LastUpdateStatus",
    "Location",
    "ResponseMetadata",
    "RoleId",
    "UUID",
    "EventSourceMappingArn",
    "creationDate",
    "creationTime",
    "createdAt",
    "deregisteredAt",
    "imagePushedAt",
    "lastEvaluatedAt",
    "lastModifiedAt",
    "registeredAt",
    "revision",
    "revisionId",
    "ruleArn",
    "stateMachineVersionArn",
    "storedBytes",
    "taskDefinitionArn",
    "updateDate",
}


class Inventory:
    """The contents of the account at an address."""

    def __init__(self, url: str, region: str = "us-east-1") -> None:
        session = boto3.Session("testing", "testing", region_name=region)
        self._clients: dict[str, Any] = {}
        self._session = session
        self._url = url

    def client(self, service: str) -> Any:
        """Return a plain client of a service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service, endpoint_url=self._url
            )
        return self._clients[service]

    def take(self) -> dict[str, Any]:
        """Return everything but ids and moments, by its kind and name."""
        found: dict[str, Any] = {}
        for part in (
            self._roles,
            self._logs,
            self._functions,
            self._mappings,
            self._rules,
            self._queues,
            self._buckets,
            self._apis,
            self._repositories,
            self._containers,
            self._machines,
        ):
            found |= part()
        text = json.dumps(_stable(found), sort_keys=True, default=str)
        # What API Gateway and EC2 name their things is random.
        text = re.sub(r"(sg|vpc|subnet)-[0-9a-f]{17}", r"\1-ID", text)
        for place, name in enumerate(self._random):
            text = text.replace(name, f"ID{place}")
        made: dict[str, Any] = json.loads(text)
        return made

    def _roles(self) -> dict[str, Any]:
        iam, found = self.client("iam"), {}
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            found[f"role {name}"] = {
                "trust": role["AssumeRolePolicyDocument"],
                "tags": iam.list_role_tags(RoleName=name)["Tags"],
                "policies": {
                    policy: iam.get_role_policy(RoleName=name, PolicyName=policy)[
                        "PolicyDocument"
                    ]
                    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                },
            }
        return found

    def _logs(self) -> dict[str, Any]:
        logs, found = self.client("logs"), {}
        for group in logs.describe_log_groups()["logGroups"]:
            arn = group["arn"].removesuffix(":*")
            tags = logs.list_tags_for_resource(resourceArn=arn)["tags"]
            days = group.get("retentionInDays")
            found[f"log {group['logGroupName']}"] = {"days": days, "tags": tags}
        return found

    def _functions(self) -> dict[str, Any]:
        client, found = self.client("lambda"), {}
        for function in client.list_functions()["Functions"]:
            name = function["FunctionName"]
            whole = client.get_function(FunctionName=name)
            try:
                policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
            except client.exceptions.ResourceNotFoundException:
                policy = None
            try:
                events = client.get_function_event_invoke_config(FunctionName=name)
            except client.exceptions.ResourceNotFoundException:
                events = None
            found[f"function {name}"] = {
                "configuration": whole["Configuration"],
                "tags": whole.get("Tags"),
                "policy": (policy or {}).get("Statement") or None,
                "events": events,
            }
        return found

    def _mappings(self) -> dict[str, Any]:
        mappings = self.client("lambda").list_event_source_mappings()
        return {
            f"mapping {mapping['EventSourceArn']} {mapping['FunctionArn']}": mapping
            for mapping in mappings["EventSourceMappings"]
        }

    def _rules(self) -> dict[str, Any]:
        events, found = self.client("events"), {}
        for rule in events.list_rules()["Rules"]:
            found[f"rule {rule['Name']}"] = {
                "rule": rule,
                "tags": events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"],
                "targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"],
            }
        return found

    def _queues(self) -> dict[str, Any]:
        sqs, found = self.client("sqs"), {}
        for url in sqs.list_queues().get("QueueUrls", []):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            found[f"queue {url.rpartition('/')[2]}"] = {
                "attributes": attributes["Attributes"],
                "tags": sqs.list_queue_tags(QueueUrl=url).get("Tags"),
            }
        return found

    def _buckets(self) -> dict[str, Any]:
        s3, found = self.client("s3"), {}
        for bucket in s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            objects = s3.list_objects_v2(Bucket=name).get("Contents", [])
            found[f"bucket {name}"] = {
                "objects": [each["Key"] for each in objects],
                "told": s3.get_bucket_notification_configuration(Bucket=name),
                "rules": _or_none(s3, "get_bucket_lifecycle_configuration", name),
                "tags": _or_none(s3, "get_bucket_tagging", name),
            }
        return found

    def _apis(self) -> dict[str, Any]:
        client, found = self.client("apigatewayv2"), {}
        self._random: list[str] = []
        for api in client.get_apis()["Items"]:
            id_ = api["ApiId"]
            integrations = client.get_integrations(ApiId=id_)["Items"]
            self._random += [id_, *(each["IntegrationId"] for each in integrations)]
            routes = client.get_routes(ApiId=id_)["Items"]
            self._random += [route["RouteId"] for route in routes]
            found[f"api {api['Name']}"] = {
                "tags": api["Tags"],
                "integrations": integrations,
                "routes": routes,
                "stages": client.get_stages(ApiId=id_)["Items"],
            }
        return found

    def _repositories(self) -> dict[str, Any]:
        ecr, found = self.client("ecr"), {}
        for repository in ecr.describe_repositories()["repositories"]:
            name = repository["repositoryName"]
            tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])
            images = ecr.describe_images(repositoryName=name)["imageDetails"]
            found[f"repository {name}"] = {
                "tags": tags["tags"],
                "images": sorted(tag for i in images for tag in i.get("imageTags", [])),
                "lifecycle": _ecr(ecr, "get_lifecycle_policy", name),
                "policy": _ecr(ecr, "get_repository_policy", name),
            }
        return found

    def _containers(self) -> dict[str, Any]:
        ecs, found = self.client("ecs"), {}
        arns = ecs.list_clusters()["clusterArns"]
        clusters = ecs.describe_clusters(clusters=arns, include=["TAGS"])["clusters"]
        active = [c for c in clusters if c["status"] == "ACTIVE"] if arns else []
        for cluster in active:
            found[f"cluster {cluster['clusterName']}"] = cluster
        listed = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
        for arn in listed:
            answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
            definition = {**answer["taskDefinition"], "tags": answer.get("tags")}
            found.setdefault(f"task {definition['family']}", []).append(definition)
        groups = self.client("ec2").describe_security_groups()["SecurityGroups"]
        for group in groups:
            tags = group.get("Tags")
            found[f"group {group['GroupName']} {group['VpcId']}"] = tags
        return found

    def _machines(self) -> dict[str, Any]:
        client, found = self.client("stepfunctions"), {}
        for machine in client.list_state_machines()["stateMachines"]:
            arn = machine["stateMachineArn"]
            found[f"machine {machine['name']}"] = {
                "machine": client.describe_state_machine(stateMachineArn=arn),
                "tags": client.list_tags_for_resource(resourceArn=arn)["tags"],
            }
        return found


def _or_none(s3: Any, operation: str, bucket: str) -> Any:
    try:
        return getattr(s3, operation)(Bucket=bucket)
    except s3.exceptions.ClientError:
        return None


def _ecr(ecr: Any, operation: str, name: str) -> Any:
    try:
        return getattr(ecr, operation)(repositoryName=name)
    except ecr.exceptions.ClientError:
        return None


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _stable(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [_stable(each) for each in value]
    return value
