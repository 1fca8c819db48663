"""`ServerDefault`: reports to a remote API, if one is configured."""

from __future__ import annotations

from dotflow.abc.server import Server
from dotflow.base.cloud_file import resolve
from dotflow.errors import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotflow.delivery.delivery import Delivery
    from dotflow.delivery.endpoint import Endpoint

_MAX_TASK = 5_000_000


class ServerDefault(Server):
    """Reports workflows and tasks over HTTP, in the background.

    A setting that is not given comes from the environment (`SERVER_BASE_URL`,
    `SERVER_USER_TOKEN`), else from what `dotflow login` saved. Unless there are both an
    address and a token, nothing is reported.

    A method takes a snapshot and returns at once; a thread sends it. While the API
    cannot be reached, or answers with 5xx or 429, it tries again, for at most
    `retry_for` seconds a message. Messages arrive in order. The queue is bounded: when
    it is full, old states of tasks go first. Problems are warned about once, in the
    logger `"dotflow"`, and never reach the run.

    Args:
        base_url: The API's address, e.g. `"https://example.org/api/v1"`.
        user_token: The API token.
        timeout: Seconds that a request may wait for the API; also how long the end of a
            run and the exit of the program wait for reports on their way. Default 5.
        retry_for: Seconds for which one message is tried again. Default 30.

    Attributes:
        active: Whether anything is reported.

    Raises:
        ProviderError: An argument is wrong: `base_url` is no address of a web server,
            the token holds what no header can, or a number is not positive.
    """

    def __init__(
        self,
        base_url: str = "",
        user_token: str = "",
        timeout: float = 5.0,
        *,
        retry_for: float = 30.0,
    ) -> None:
        self._timeout = _positive("timeout", timeout)
        self._retry_for = _positive("retry_for", retry_for)
        self._delivery: Delivery | None = None
        self._base_url = (base_url or resolve("base_url", "SERVER_BASE_URL")).strip()
        self._token = (user_token or resolve("token", "SERVER_USER_TOKEN")).strip()
        try:
            if self._base_url:
                self._base_url = _check_url(self._base_url)
            _check_token(self._token)
            self.active = bool(self._base_url and self._token)
        except ProviderError as error:
            if base_url or user_token:
                raise
            # What the environment says must not stop a run that never asked for it.
            from dotflow.logging import logger

            self.active = False
            logger.warning("Nothing is reported to the server. %s", error)

    @property
    def managed(self) -> bool:
        """Whether both an address and a token are configured."""
        return self.active

    @property
    def base_url(self) -> str:
        """The API's address, `""` if there is none."""
        return self._base_url

    @property
    def timeout(self) -> float:
        """Seconds that a request may wait for the API."""
        return self._timeout

    def create_workflow(self, workflow: Any) -> None:
        """Report a new workflow; see `Server.create_workflow`."""
        self._send("POST", "/cli/workflows", lambda: dict(workflow.result()))

    def update_workflow(self, workflow: Any, status: str = "") -> None:
        """Report the state of a workflow; see `Server.update_workflow`."""
        workflow_id = getattr(workflow, "workflow_id", workflow)
        self._send("PATCH", _path(workflow_id), lambda: {"status": status})

    def create_task(self, task: Any) -> None:
        """Report a task that was added; see `Server.create_task`."""
        path = f"{_path(task.workflow_id)}/tasks"
        self._send("POST", path, lambda: task.result(max=_MAX_TASK))

    def update_task(self, task: Any) -> None:
        """Report the state of a task; see `Server.update_task`."""
        path = f"{_path(task.workflow_id)}/tasks/{_quote(task.task_id)}"
        self._send("PATCH", path, lambda: task.result(max=_MAX_TASK), subject=path)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything was sent or given up; see `Delivery.flush`."""
        return self._delivery is None or self._delivery.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left and stop, as the exit does; see `Delivery.close`."""
        return self._delivery is None or self._delivery.close(timeout)

    def _send(
        self,
        method: str,
        path: str,
        payload: Callable[[], dict[str, Any]],
        subject: str | None = None,
    ) -> None:
        if not self.active:
            return
        from dotflow.delivery.message import Call

        try:
            # Taken here and now: a moment later the task is in another state.
            call = Call(method, path, payload(), subject)
        except Exception as error:  # noqa: BLE001 - values of users may fail in any way
            from dotflow.logging import logger

            logger.warning(
                "%s %s is not reported: %s.", method, path, type(error).__name__
            )
            return
        if self._delivery is None:
            self._delivery = self._open()
        self._delivery.put(call)

    def _open(self) -> Delivery:
        from dotflow.delivery.delivery import Delivery

        return Delivery(
            self._endpoint,
            "the server",
            timeout=self._timeout,
            retry_for=self._retry_for,
            thread_name="dotflow-server",
        )

    def _endpoint(self) -> Endpoint:
        # Imported in the thread: loading `urllib` would delay whoever reports first.
        from dotflow.delivery.endpoint import Endpoint

        headers = {
            "Authorization": f"Bearer {self._token}",
            "X-User-Token": self._token,
        }
        return Endpoint(self._base_url, headers, self._timeout)

    def __getstate__(self) -> dict[str, Any]:
        # A thread cannot travel; in another process a new one starts when needed.
        return {**self.__dict__, "_delivery": None}

    def __repr__(self) -> str:
        token = ", user_token=…" if self._token else ""
        return f"ServerDefault(base_url={self._base_url!r}{token})"


def _path(workflow_id: object) -> str:
    return f"/cli/workflows/{_quote(workflow_id)}"


def _quote(part: object) -> str:
    text = str(part)
    if text.isascii() and text.replace("-", "").isalnum():
        return text
    from urllib.parse import quote

    return quote(text, safe="")


def _positive(name: str, value: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return value
    raise ProviderError(
        f"ServerDefault({name}={value!r}): give a number of seconds over 0."
    )


def _check_url(url: str) -> str:
    """Return an address without its last slash; its text is kept out of errors."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        well_formed = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        well_formed = False
    if not well_formed or parts.query or parts.fragment:
        raise ProviderError(
            "ServerDefault(base_url=…) must be an address such as"
            " 'https://example.org/api/v1', without '?' or '#'."
        )
    if "@" in parts.netloc:
        raise ProviderError(
            "ServerDefault(base_url=…) must not hold a user or a password:"
            " use user_token."
        )
    return url.rstrip("/")


def _check_token(token: str) -> None:
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ProviderError(
            "ServerDefault(user_token=…): a token consists of ASCII letters, digits and"
            " punctuation, without spaces."
        )
