"""Roles of service accounts on single resources."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from google.iam.v1 import iam_policy_pb2, options_pb2, policy_pb2

from dotflow_deploy.stack import Resource, State

if TYPE_CHECKING:
    from dotflow_deploy.gcp.accounts import ServiceAccount
    from dotflow_deploy.gcp.bucket import SourceBucket
    from dotflow_deploy.gcp.google import Google

_VERSION = 3


class Grant(Resource):
    """A role of a service account on one resource.

    Args:
        google: The APIs.
        role: The role: `"roles/run.invoker"`.
        account: Who has it.
        on: What it is on. It owns the grant.
        permission: What reading and changing the policy needs, without its last part:
            `"run.jobs"`.
    """

    kind = "IAM grant"

    def __init__(
        self,
        google: Google,
        role: str,
        account: ServiceAccount,
        on: Resource,
        permission: str,
    ) -> None:
        super().__init__(f"{role} of {account.name} on {on.name}", part_of=on)
        self.google = google
        self.role = role
        self.account = account
        self.permission = permission

    @abstractmethod
    def get(self) -> Any:
        """Return the policy: an iterable of bindings, or with one as `bindings`."""

    @abstractmethod
    def has(self, policy: Any) -> bool:
        """Tell whether a policy grants it."""

    @abstractmethod
    def set(self, policy: Any, granted: bool) -> None:
        """Store a policy with the role granted or not."""

    def read(self) -> State | None:
        """Return an empty state if the role is granted."""
        policy = self.google.find(self, f"{self.permission}.getIamPolicy", self.get)
        return {} if policy is not None and self.has(policy) else None

    def create(self) -> None:
        """Grant it, beside whatever others were granted."""
        self.google.ask(
            self,
            "create",
            f"{self.permission}.setIamPolicy",
            lambda: self.set(self.get(), granted=True),
        )

    def delete(self, state: State) -> None:
        """Take it back."""
        self.google.gone(
            self,
            f"{self.permission}.setIamPolicy",
            lambda: self.set(self.get(), granted=False),
        )


class ResourceGrant(Grant):
    """A role on something whose API has the usual methods for policies.

    Args:
        google: The APIs.
        api: Its client: `"jobs"` or `"registry"`.
        path: Its full name.
        role: The role.
        account: Who has it.
        on: What it is on.
        permission: As of `Grant`.
    """

    def __init__(
        self,
        google: Google,
        api: str,
        path: str,
        role: str,
        account: ServiceAccount,
        on: Resource,
        permission: str,
    ) -> None:
        super().__init__(google, role, account, on, permission)
        self.api = api
        self.path = path

    @property
    def _client(self) -> Any:
        return getattr(self.google, self.api)

    def get(self) -> policy_pb2.Policy:
        """Return the policy."""
        request = iam_policy_pb2.GetIamPolicyRequest(
            resource=self.path,
            options=options_pb2.GetPolicyOptions(requested_policy_version=_VERSION),
        )
        policy: policy_pb2.Policy = self._client.get_iam_policy(request)
        return policy

    def has(self, policy: policy_pb2.Policy) -> bool:
        """Tell whether a policy grants it, without a condition."""
        return any(
            binding.role == self.role
            and self.account.member in binding.members
            and not binding.condition.expression
            for binding in policy.bindings
        )

    def set(self, policy: policy_pb2.Policy, granted: bool) -> None:
        """Store a policy with the role granted or not; its etag guards the others'."""
        kept = policy_pb2.Policy(etag=policy.etag, version=_VERSION)
        for binding in policy.bindings:
            # A role taken back leaves no binding without members behind.
            if binding.role == self.role and self.account.member in binding.members:
                binding.members.remove(self.account.member)
            if binding.members:
                kept.bindings.append(binding)
        if granted:
            kept.bindings.add(role=self.role, members=[self.account.member])
        request = iam_policy_pb2.SetIamPolicyRequest(resource=self.path, policy=kept)
        self._client.set_iam_policy(request)


class BucketGrant(Grant):
    """A role on a bucket.

    Args:
        google: The APIs.
        role: The role.
        account: Who has it.
        bucket: The bucket.
    """

    def __init__(
        self, google: Google, role: str, account: ServiceAccount, bucket: SourceBucket
    ) -> None:
        super().__init__(google, role, account, bucket, "storage.buckets")
        self.bucket = bucket

    def get(self) -> Any:
        """Return the policy."""
        bucket = self.google.storage.bucket(self.bucket.name)
        return bucket.get_iam_policy(requested_policy_version=_VERSION)

    def has(self, policy: Any) -> bool:
        """Tell whether a policy grants it, without a condition."""
        return any(
            binding["role"] == self.role
            and self.account.member in binding["members"]
            and not binding.get("condition")
            for binding in policy.bindings
        )

    def set(self, policy: Any, granted: bool) -> None:
        """Store a policy with the role granted or not; its etag guards the others'."""
        for binding in policy.bindings:
            if binding["role"] == self.role:
                binding["members"] = set(binding["members"]) - {self.account.member}
        policy.bindings = [b for b in policy.bindings if b["members"]]
        if granted:
            binding = {"role": self.role, "members": {self.account.member}}
            policy.bindings.append(binding)
        policy.version = _VERSION
        self.google.storage.bucket(self.bucket.name).set_iam_policy(policy)
