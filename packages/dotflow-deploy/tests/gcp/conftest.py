"""Google's APIs on loopback, and someone signed in to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

APIS = (
    *("RUN", "ARTIFACTREGISTRY", "CLOUDBUILD", "CLOUDSCHEDULER"),
    *("IAM", "SERVICEUSAGE", "STORAGE"),
)


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a project of Google's that is empty, with no API enabled, and sign in."""
    import fake_google

    fake = fake_google.FakeGoogle()
    subject = tmp_path / "subject"
    subject.write_text("who-i-am", encoding="utf-8")
    account = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/of-the-tests",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{fake.url}/token",
        "credential_source": {"file": str(subject)},
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", fake_google.PROJECT)
    for api in APIS:
        monkeypatch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}", fake.url + "/")
    yield fake
    fake.close()
