"""`NotifyDiscord` at the path of its kind; it lives in `dotflow-discord`."""

from dotflow.providers import NotifyDiscord

__all__ = ["NotifyDiscord"]
