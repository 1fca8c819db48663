"""HTTP APIs of API Gateway, and what they consist of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.stack import Difference, State, compare

if TYPE_CHECKING:
    from dotflow_deploy.aws.function import Function

ROUTE: Final = "POST /workflow"
STAGE: Final = "$default"

_GONE: Final = "NotFoundException"
_BUSY: Final = Patience(("ConflictException",), 30)


class HttpApi(AwsResource):
    """An HTTP API.

    Its name is no key: of several, ours is the one that bears our marks.

    Args:
        name: Its name.
        site: Where it is.
    """

    kind = "HTTP API"
    service: ClassVar[str] = "apigatewayv2"

    @property
    def id(self) -> str:
        """Its id, once it is there."""
        return "" if self.state is None else str(self.state["id"])

    @property
    def url(self) -> str:
        """Where a run is started, once it is there."""
        if self.state is None:
            return ""
        return f"{self.state['endpoint']}{ROUTE.partition(' ')[2]}"

    def read(self) -> State | None:
        """Return its `id` and its `endpoint`."""
        found = [
            {
                "id": api["ApiId"],
                "endpoint": api["ApiEndpoint"],
                "tags": api.get("Tags", {}),
            }
            for api in self.pages("get_apis", "Items")
            if api["Name"] == self.name
        ]
        return next((f for f in found if self.is_ours(f)), found[0] if found else None)

    def create(self) -> None:
        """Make it."""
        self.call(
            "create_api", Name=self.name, ProtocolType="HTTP", Tags=self.site.tags
        )

    def delete(self, state: State) -> None:
        """Remove it, with all that it consists of."""
        self.find("delete_api", _GONE, ApiId=state["id"])


class ApiPart(AwsResource):
    """Something that an HTTP API consists of.

    Args:
        name: Its name.
        site: Where it is.
        api: The API.
    """

    service: ClassVar[str] = "apigatewayv2"

    def __init__(self, name: str, site: Site, api: HttpApi) -> None:
        super().__init__(name, site, part_of=api)
        self.api = api

    def _listed(self, operation: str) -> Sequence[Any]:
        return self.pages(operation, "Items", ApiId=self.api.id) if self.api.id else ()


class Integration(ApiPart):
    """How an HTTP API calls a Lambda function.

    Args:
        site: Where it is.
        api: The API.
        function: The function.
    """

    kind = "API integration"

    def __init__(self, site: Site, api: HttpApi, function: Function) -> None:
        super().__init__(f"{api.name} to {function.name}", site, api)
        self.function = function

    @property
    def id(self) -> str:
        """Its id, once it is there."""
        return "" if self.state is None else str(self.state["IntegrationId"])

    def read(self) -> State | None:
        """Return the integration with this function."""
        for found in self._listed("get_integrations"):
            if found.get("IntegrationUri") == self.function.arn:
                return dict(found)
        return None

    def create(self) -> None:
        """Make it."""
        wanted = self._wanted()
        self.call("create_integration", ApiId=self.api.id, patience=_BUSY, **wanted)

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare how it calls."""
        return compare(state, self._wanted())

    def update(self, state: State) -> None:
        """Change how it calls."""
        self.call(
            "update_integration",
            ApiId=self.api.id,
            IntegrationId=state["IntegrationId"],
            patience=_BUSY,
            **self._wanted(),
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        self.find(
            "delete_integration",
            _GONE,
            ApiId=self.api.id,
            IntegrationId=state["IntegrationId"],
            patience=_BUSY,
        )

    def _wanted(self) -> dict[str, Any]:
        return {
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": self.function.arn,
            "PayloadFormatVersion": "2.0",
        }


class Route(ApiPart):
    """The request that starts a run: signed, by whoever may call the API on AWS.

    Args:
        site: Where it is.
        api: The API.
        integration: What it leads to.
    """

    kind = "API route"

    def __init__(self, site: Site, api: HttpApi, integration: Integration) -> None:
        super().__init__(ROUTE, site, api)
        self.integration = integration

    def read(self) -> State | None:
        """Return the route."""
        for found in self._listed("get_routes"):
            if found["RouteKey"] == ROUTE:
                return dict(found)
        return None

    def create(self) -> None:
        """Make it."""
        wanted = self._wanted()
        self.call("create_route", ApiId=self.api.id, patience=_BUSY, **wanted)

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare who may call it, and where it leads."""
        return compare(state, self._wanted())

    def update(self, state: State) -> None:
        """Change who may call it, and where it leads."""
        self.call(
            "update_route",
            ApiId=self.api.id,
            RouteId=state["RouteId"],
            patience=_BUSY,
            **self._wanted(),
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        self.find(
            "delete_route",
            _GONE,
            ApiId=self.api.id,
            RouteId=state["RouteId"],
            patience=_BUSY,
        )

    def _wanted(self) -> dict[str, Any]:
        return {
            "RouteKey": ROUTE,
            # Open to the world, anyone could start runs at the user's cost.
            "AuthorizationType": "AWS_IAM",
            "Target": f"integrations/{self.integration.id}",
        }


class Stage(ApiPart):
    """Where an API's routes are reached, each change of them at once.

    Args:
        site: Where it is.
        api: The API.
    """

    kind = "API stage"

    def __init__(self, site: Site, api: HttpApi) -> None:
        super().__init__(STAGE, site, api)

    def read(self) -> State | None:
        """Return the stage."""
        for found in self._listed("get_stages"):
            if found["StageName"] == STAGE:
                return dict(found)
        return None

    def create(self) -> None:
        """Make it."""
        self.call(
            "create_stage",
            ApiId=self.api.id,
            StageName=STAGE,
            AutoDeploy=True,
            Tags=self.site.tags,
            patience=_BUSY,
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare whether changes are reached at once."""
        return compare(state, {"AutoDeploy": True})

    def update(self, state: State) -> None:
        """Have changes reached at once."""
        self.call(
            "update_stage",
            ApiId=self.api.id,
            StageName=STAGE,
            AutoDeploy=True,
            patience=_BUSY,
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        self.find(
            "delete_stage",
            _GONE,
            ApiId=self.api.id,
            StageName=STAGE,
            patience=_BUSY,
        )
