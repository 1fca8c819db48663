"""The machine that a package is for, which is seldom the one that it is made on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dotflow_deploy.errors import InvalidProject

_TAG = re.compile(r"manylinux(?:_2_(\d+)|2014|2010|1)_(x86_64|aarch64)")
_OLDER: Final = {"manylinux2014": 17, "manylinux2010": 12, "manylinux1": 5}


@dataclass(frozen=True)
class Target:
    """A Linux machine, and its Python.

    Args:
        platform: The newest kind of wheel that it takes, such as
            `"manylinux_2_34_x86_64"`, where 2.34 is the version of its libc, or
            `"manylinux2014_aarch64"`, which is 2.17. It takes the older ones as well.
        python: Version of Python: `"3.12"`.

    Raises:
        InvalidProject: The platform is no such tag.
    """

    platform: str
    python: str

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.platform):
            raise InvalidProject(
                f"{self.platform!r} is no platform to package for, such as"
                " manylinux2014_x86_64 or manylinux_2_34_aarch64"
            )

    @cached_property
    def machine(self) -> str:
        """Its processor: `"x86_64"` or `"aarch64"`."""
        return self.platform.partition("_")[2].removeprefix("2_").lstrip("0123456789_")

    @cached_property
    def tags(self) -> list[str]:
        """The kinds of wheels that it takes, newest first."""
        kind = self.platform.removesuffix(f"_{self.machine}")
        newest = _OLDER.get(kind) or int(kind.removeprefix("manylinux_2_"))
        names = [f"manylinux_2_{minor}" for minor in range(newest, 4, -1)]
        names += [name for name, minor in _OLDER.items() if minor <= newest]
        return [f"{name}_{self.machine}" for name in names]

    @cached_property
    def markers(self) -> dict[str, str]:
        """What the conditions of a requirement are read with."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }
