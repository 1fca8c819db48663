"""Discord messages about the tasks of dotflow: `NotifyDiscord`."""

from dotflow_discord.notify import NotifyDiscord

__all__ = ["NotifyDiscord"]
