"""`FileClient`: files by name, wherever they are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod


class FileClient(ABC):
    """The base of what reads and writes whole files."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Return the content of a file.

        Args:
            path: The file's name.

        Raises:
            FileNotFoundError: There is no such file.
        """

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Create a file or replace its content.

        Args:
            path: The file's name.
            content: The new content.
        """

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Tell whether there is a file of that name.

        Args:
            path: The file's name.
        """
