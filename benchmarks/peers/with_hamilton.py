"""Hamilton, whose tasks are the functions of a module, named after what they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hamilton import ad_hoc_utils, driver
from workload import CHAIN, FAN, measure

if TYPE_CHECKING:
    from pathlib import Path


def _functions(sources: list[str]) -> list:
    names: dict = {}
    exec("\n".join(sources), names)  # noqa: S102 - one function a node is its way
    return [value for name, value in names.items() if name != "__builtins__"]


def _run(sources: list[str], last: str, cache: Path | None = None) -> int:
    module = ad_hoc_utils.create_temporary_module(*_functions(sources))
    builder = driver.Builder().with_modules(module)
    if cache is not None:
        builder = builder.with_cache(path=str(cache))
    return builder.build().execute([last])[last]


def _chain(cache: Path | None = None) -> int:
    sources = ["def t0() -> int:\n    return 1"]
    sources += [
        f"def t{n}(t{n - 1}: int) -> int:\n    return t{n - 1} + 1"
        for n in range(1, CHAIN)
    ]
    return _run(sources, f"t{CHAIN - 1}", cache)


def _fan() -> int:
    sources = [f"def t{n}() -> int:\n    return {n}" for n in range(FAN)]
    names = [f"t{n}" for n in range(FAN)]
    taken = ", ".join(f"{name}: int" for name in names)
    sources.append(f"def total({taken}) -> int:\n    return {' + '.join(names)}")
    return _run(sources, "total")


measure(chain=_chain, fan=_fan, durable=_chain)
