"""The arguments of an object storage from its address."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dotflow.errors import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def parse_url(
    class_name: str, scheme: str, types: Mapping[str, Callable[[str], Any]], url: str
) -> dict[str, Any]:
    """Return the arguments that `s3://bucket/prefix?option=value` stands for.

    Args:
        class_name: What errors call the storage.
        scheme: What they show as the address's beginning.
        types: The options that there are, each with what reads its text.
        url: The address.

    Raises:
        ProviderError: The address is malformed, or has another option.
    """
    form = f"{scheme}://my-bucket/prefix"
    # An address may hold a password: no error repeats more of it than a name.
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ProviderError(f"A {class_name} has an address like {form}") from None
    if not parts.netloc:
        raise ProviderError(
            f"{class_name} needs a bucket: {form}, here or in the environment variable"
            " DOTFLOW_STORAGE"
        )
    if "@" in parts.netloc or ":" in parts.netloc or parts.fragment:
        raise ProviderError(
            f"The address of a {class_name} is {form}, without a user, a password or a"
            " port: credentials come from the environment."
        )
    arguments: dict[str, Any] = {"bucket": parts.netloc}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in types:
            known = ", ".join(sorted(types))
            raise ProviderError(
                f"{class_name} has no option {name!r} in an address. There are:"
                f" {known}."
            )
        try:
            arguments[name] = types[name](text)
        except ValueError as error:
            raise ProviderError(f"{name} in the address: {error}") from error
    folder = unquote(parts.path).strip("/")
    if folder:
        arguments["prefix"] = f"{folder}/"
    return arguments
