"""What tells Sentry of runs sends it within a limit, whichever part of them it tells."""

from __future__ import annotations


class Flushed:
    """A mixin of what tells Sentry; the SDK is imported late."""

    def flush(self, seconds: float) -> bool:
        """Send what was told.

        Args:
            seconds: The most to wait.

        Returns:
            Whether it took less than that.
        """
        from dotflow_sentry.sdk import flush

        return flush(seconds)
