"""Telegram messages about the tasks of dotflow: `NotifyTelegram`."""

from dotflow_telegram.notify import NotifyTelegram

__all__ = ["NotifyTelegram"]
