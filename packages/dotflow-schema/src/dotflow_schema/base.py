"""What the models of this package have in common."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

# As the core reads it: a UUID where it can be one, or a name such as "nightly-etl".
WorkflowId = Annotated[UUID | str, Field(union_mode="left_to_right")]


class Model(BaseModel):
    """A model that keeps fields it does not know.

    A newer core may report more than this version describes; what it adds is
    kept, so that a value read and written again loses nothing.
    """

    model_config = ConfigDict(extra="allow")
