"""A secret does not travel where all can read it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dotflow.base.exposure import is_exposed
from dotflow.errors import ProviderError
from dotflow.providers import ServerDefault


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("http://h/1", True),
        ("HTTP://h/1", True),
        ("http://10.0.0.1:80", True),
        ("http://localhost.example.org", True),
        ("https://h", False),
        ("http://localhost:1", False),
        ("http://api.localhost", False),
        ("http://127.0.0.2", False),
        ("http://[::1]:8000", False),
    ],
)
def test_the_server(url: str, exposed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token goes by plain HTTP to this machine alone, unless that is asked for."""
    assert is_exposed(url) is exposed
    if exposed:
        with pytest.raises(ProviderError, match="allow_http=True"):
            ServerDefault(url, "token")
    else:
        assert ServerDefault(url, "token").active
    assert ServerDefault(url, "token", allow_http=True).active
    monkeypatch.setenv("SERVER_ALLOW_HTTP", "1")
    assert ServerDefault(url, "token").active


def test_the_environment(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """Where the environment says so, nothing is reported, and it is said why."""
    monkeypatch.setenv("SERVER_BASE_URL", "http://example.org")
    monkeypatch.setenv("SERVER_USER_TOKEN", "hush-hush")
    with caplog.at_level(logging.WARNING):
        assert not ServerDefault().active
    assert "unencrypted" in caplog.text
    assert "hush" not in caplog.text
