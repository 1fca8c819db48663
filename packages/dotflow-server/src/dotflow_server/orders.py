"""What can be asked to be done with runs, and what the API answers then."""

from pydantic import BaseModel, Field

from dotflow_server.answer import Answer


class CancelOrder(BaseModel):
    """Why a run is to end."""

    reason: str = Field(default="it was cancelled from the dashboard", max_length=1000)


class Asked(Answer):
    """A request was left for the run's process."""

    asked: bool


class RetryOrder(BaseModel):
    """From which task on a run is to run again; None for what it has not completed."""

    from_task: str | None = Field(None, alias="from", max_length=1000)


class Started(Answer):
    """A command was started; the run that it makes, where that is known already."""

    started: bool
    run_id: str | None


class BulkOrder(BaseModel):
    """What to do with several runs."""

    action: str = Field(pattern="^(cancel|retry)$")
    run_ids: list[str] = Field(max_length=500)


class BulkResult(Answer):
    """What became of one of several runs."""

    run_id: str
    ok: bool
    message: str


class BulkAnswer(Answer):
    """What became of each."""

    results: list[BulkResult]
