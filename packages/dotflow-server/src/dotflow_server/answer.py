"""What every answer of the API has in common."""

from typing import Any, Self

from pydantic import BaseModel, field_validator


class Answer(BaseModel):
    r"""What is told as JSON, in UTF-8.

    A step may print the name of a file that is no text, which UTF-8 has no bytes for: it
    is told as `\udce9`, in so many letters.
    """

    @classmethod
    def of(cls, found: object) -> Self:
        """Return the answer that tells of an object what attributes of that name have."""
        return cls.model_validate(found, from_attributes=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return _encodable(value)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    if isinstance(value, dict):
        return {_encodable(name): _encodable(one) for name, one in value.items()}
    return value
