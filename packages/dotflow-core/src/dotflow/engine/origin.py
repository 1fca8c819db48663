"""`Origin`: the workflow that a run is of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.config.config import Config


class Origin:
    """The workflow that a run is of.

    Args:
        config: Its providers.
        workflow_id: Its id; None where it has none.
        resumable: Whether another process can know this id.
        name: Its name, for reports.
        shared_by: What has runs that are meant to go on beside each other; or None.

    Attributes:
        busy: Whether a run goes on already that must have no other beside it.
        known_as: What other processes can know it by; None where they cannot.
    """

    __slots__ = (
        "busy",
        "config",
        "known_as",
        "name",
        "resumable",
        "shared_by",
        "workflow_id",
    )

    def __init__(
        self,
        config: Config,
        workflow_id: UUID | str | None,
        resumable: bool,
        name: str | None = None,
        shared_by: object = None,
    ) -> None:
        self.shared_by = shared_by
        self.busy = False
        self.config = config
        self.workflow_id = workflow_id
        self.resumable = resumable
        self.name = name
        self.known_as = workflow_id if resumable else None
