"""`ServerDefault`: reports to a remote API, if one is configured."""

from __future__ import annotations

from dotflow.abc.server import Server
from dotflow.base.cloud_file import resolve_server
from dotflow.errors import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from dotflow.abc.history import Recorder
    from dotflow.abc.server import Cancel
    from dotflow.abc.storage import Storage
    from dotflow.delivery.delivery import Delivery
    from dotflow.delivery.endpoint import Endpoint
    from dotflow.model.run_info import RunInfo
    from dotflow.providers.reporting.reports import Reports

_MAX_TASK = 5_000_000
_PROTOCOL = "x-dotflow-protocol"
_REFUSED_TOKEN = (401, 403)


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
        timeout: Seconds that a request may wait for the API. Default 5. No run waits
            for it; the exit of the program waits for all reports on their way together
            one second, or `DOTFLOW_EXIT_TIMEOUT`, and says how many were lost.
        retry_for: Seconds for which one message is tried again. Default 30.
        allow_http: Whether the token may travel unencrypted, to another machine by
            `http://`. The variable `SERVER_ALLOW_HTTP=1` says so, too.
        send_values: Whether a server that takes events is told of results themselves,
            as JSON, and not only what they look like at their beginning. One of
            dotflow 1.x always is.

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
        allow_http: bool = False,
        send_values: bool = False,
    ) -> None:
        self._send_values = send_values
        self._timeout = _positive("timeout", timeout)
        self._retry_for = _positive("retry_for", retry_for)
        self._delivery: Delivery | None = None
        self._reports: Reports | None = None
        base_url_found, token = resolve_server(base_url, user_token)
        self._base_url, self._token = base_url_found.strip(), token.strip()
        if self._token:
            from dotflow.base.masking import keep_secret

            keep_secret(self._token, whole=True)
        try:
            if self._base_url:
                self._base_url = _check_url(self._base_url)
            if self._token and not allow_http:
                _check_encrypted(self._base_url)
            _check_token(self._token)
            self.active = bool(self._base_url and self._token)
        except ProviderError as error:
            if base_url or user_token:
                raise
            # What the environment says must not stop a run that never asked for it.
            from dotflow.logging import warn

            self.active, self._base_url = False, ""
            warn("Nothing is reported to the server. %s", error)

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

    def follow(
        self, info: RunInfo, storage: Storage, written: bool, cancel: Cancel
    ) -> Recorder | None:
        """Tell of a run event by event, if the server takes that; see `Server.follow`."""
        reports = self._reports
        if reports is None or not reports.here:
            from dotflow.providers.reporting.reports import Reports

            headers = self._headers()
            reports = Reports(self._base_url, headers, self._timeout, self._send_values)
            self._reports = reports
        return reports.follow(info, storage, written, cancel)

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
        """Wait until everything was sent, or given up; see `Delivery.flush`.

        What the server has not taken of events is kept, and told later.
        """
        from time import monotonic

        limit = self._timeout if timeout is None else timeout
        deadline = monotonic() + limit
        done = self._delivery is None or self._delivery.flush(limit)
        if self._reports is not None and self._reports.here:
            done = self._reports.flush(max(0.0, deadline - monotonic())) and done
        return done

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left and stop, as the exit does; see `Delivery.close`."""
        done = self._delivery is None or self._delivery.close(timeout)
        reports, self._reports = self._reports, None
        if reports is not None and reports.here:
            limit = self._timeout if timeout is None else timeout
            done = reports.close(limit) and done
        return done

    def _send(
        self,
        method: str,
        path: str,
        payload: Callable[[], dict[str, Any]],
        subject: str | None = None,
    ) -> None:
        if not self.active or (self._reports is not None and self._reports.offered):
            return
        from dotflow.delivery.message import Call

        try:
            # Taken here and now: a moment later the task is in another state.
            call = Call(method, path, payload(), subject)
        except Exception as error:  # noqa: BLE001 - values of users may fail in any way
            from dotflow.logging import warn

            warn("%s %s is not reported: %s.", method, path, type(error).__name__)
            return
        if self._delivery is None or not self._delivery.here:
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
            kept=lambda: self._reports is not None and self._reports.keeps,
        )

    def _endpoint(self) -> Endpoint:
        # Imported in the thread: loading `urllib` would delay whoever reports first.
        from dotflow.delivery.endpoint import Endpoint

        headers = {**self._headers(), _PROTOCOL: "1"}
        return Endpoint(self._base_url, headers, self._timeout, self._hear)

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token}",
            "X-User-Token": self._token,
        }

    def _hear(self, status: int, headers: Mapping[str, str]) -> None:
        """Note whether the server takes events, of which these calls tell nothing new."""
        takes = headers.get(_PROTOCOL) == "1"
        if self._reports is None:
            return
        if takes or 200 <= status < 300:
            self._reports.offer(takes)
        elif status in _REFUSED_TOKEN:
            self._reports.ask()

    def __getstate__(self) -> dict[str, Any]:
        # A thread cannot travel; in another process a new one starts when needed.
        return {**self.__dict__, "_delivery": None, "_reports": None}

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

    from dotflow.base.masking import raw_password

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
    if "@" in parts.netloc or raw_password(url):
        raise ProviderError(
            "ServerDefault(base_url=…) must not hold a user or a password:"
            " use user_token."
        )
    return url.rstrip("/")


def _check_encrypted(url: str) -> None:
    if not url.lower().startswith("http:"):
        return
    import os

    from dotflow.base.exposure import ADVICE, is_exposed

    if is_exposed(url) and os.environ.get("SERVER_ALLOW_HTTP", "") in ("", "0"):
        raise ProviderError(f"ServerDefault(base_url=…): {ADVICE}.")


def _check_token(token: str) -> None:
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ProviderError(
            "ServerDefault(user_token=…): a token consists of ASCII letters, digits and"
            " punctuation, without spaces."
        )
