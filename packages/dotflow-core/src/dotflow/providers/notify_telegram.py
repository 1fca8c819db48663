"""`NotifyTelegram` at the path of its kind; it lives in `dotflow-telegram`."""

from dotflow.providers import NotifyTelegram

__all__ = ["NotifyTelegram"]
