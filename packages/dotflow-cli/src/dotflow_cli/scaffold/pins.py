"""How an image, which has Python alone so far, holds pip to a project's lock file."""

from __future__ import annotations

from typing import Final

LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
"""The files that are followed, the first that is there."""

ANY_LOCK: Final = "*.loc[k] pyloc[k].toml"
"""What `COPY` of a Dockerfile takes of them; a name without a pattern has to be there."""

PINS: Final = "/tmp/pins.txt"  # noqa: S108 - of an image, or of a job of its own
"""Where the versions are that a lock file pins."""

# Between double quotes of a shell. What is of no index has no version to be pinned to.
# Of several versions each is for the machines that its condition names.
_COMMAND: Final = (
    'python -c "import os, tomllib;'
    " file = next(filter(os.path.isfile, {locks}), os.devnull);"
    " found = tomllib.load(open(file, 'rb'));"
    " found = found.get('package') or found.get('packages') or [];"
    " names = [one['name'] for one in found];"
    " of_none = dict.fromkeys(['path', 'git', 'url', 'directory', 'vcs', 'archive']);"
    " kept = [one for one in found"
    " if one.get('version') and not of_none.keys() & one.keys()"
    " and (not one.get('source') or one['source'].get('registry')"
    " or one['source'].get('type') == 'legacy')];"
    " said = [one.get('resolution-markers') or one.get('marker') or one.get('markers')"
    " or [] for one in kept];"
    " said = [[one] if type(one) is str else [*one.values()] if type(one) is dict"
    " else one for one in said];"
    " lines = [(one['name'], one['version'], ') or ('.join(marks))"
    " for one, marks in zip(kept, said)];"
    " print(*[name + '==' + version + f' ; ({{marks}})' * (names.count(name) > 1)"
    " for name, version, marks in lines if marks or names.count(name) == 1],"
    f" sep='\\n')\" > {PINS}"
)


def pin_command(*locks: str) -> str:
    """Return the command of a shell that writes what a lock file pins to `PINS`.

    Args:
        *locks: The lock files, of which the first one that is there counts. Nothing is
            pinned where there is none.
    """
    return _COMMAND.format(locks=list(locks))
