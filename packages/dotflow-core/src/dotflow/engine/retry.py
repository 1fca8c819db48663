"""The former place of `RetryPolicy`, which stored pickles of actions name."""

from __future__ import annotations

from dotflow.model.retry import RetryPolicy as RetryPolicy
