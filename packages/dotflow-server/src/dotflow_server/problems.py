"""What goes wrong with a request, as an answer that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dotflow.abc.fact_tests import InvalidFactTest
from dotflow.abc.history import (
    AmbiguousRun,
    InvalidQuery,
    QueryNotSupported,
    RunNotFound,
)
from dotflow.base.masking import mask
from dotflow.errors import DotflowError, StorageError
from dotflow.history.schedules import ScheduleNotFound, ScheduleRefused
from dotflow.logging import logger
from dotflow_server.models import Problem, ProblemAnswer

if TYPE_CHECKING:
    from fastapi import FastAPI, Request


class Refusal(DotflowError):
    """A request that is not done.

    Args:
        status: The status of the answer.
        code: What a program knows the problem by.
        message: What is wrong.
        hint: What to do, such as a command; None where the message says it.
    """

    def __init__(
        self, status: int, code: str, message: str, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status, self.code, str(self), self.hint)


_KNOWN: list[tuple[type[Exception], int, str]] = [
    (RunNotFound, 404, "run_not_found"),
    (AmbiguousRun, 409, "ambiguous_run"),
    (QueryNotSupported, 501, "not_supported"),
    (InvalidQuery, 400, "invalid_query"),
    (InvalidFactTest, 400, "invalid_query"),
    (ScheduleNotFound, 404, "schedule_not_found"),
    (ScheduleRefused, 409, "schedule_refused"),
    (StorageError, 503, "store_failed"),
]


def problem(
    status: int,
    code: str,
    message: str,
    hint: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an answer that tells a problem."""
    told = ProblemAnswer(error=Problem(code=code, message=mask(message), hint=hint))
    return JSONResponse(told.model_dump(), status, headers)


def handle_problems(app: FastAPI) -> None:
    """Have every error of the routes answered in the one form."""

    @app.exception_handler(Refusal)
    async def refused(_request: Request, error: Refusal) -> JSONResponse:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        return problem(error.status, error.code, str(error), error.hint, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        told = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        return problem(422, "invalid", told)

    @app.exception_handler(HTTPException)
    async def plain(_request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        code = {404: "not_found", 405: "method_not_allowed"}.get(
            error.status_code, "refused"
        )
        return problem(error.status_code, code, str(error.detail), None, headers)

    @app.exception_handler(DotflowError)
    async def known(_request: Request, error: DotflowError) -> JSONResponse:
        for kind, status, code in _KNOWN:
            if isinstance(error, kind):
                if status >= 503:
                    logger.error("The store of the dashboard failed: %s", error)
                return problem(status, code, str(error))
        logger.error("A request failed.", exc_info=error)
        return problem(500, "failed", "The server has failed; its log tells why.")
