"""Stands in for `dotflow/__init__.py` where pip has removed that: see ADR 11.

On an upgrade from dotflow 1.x pip installs dotflow-core first and then removes the files
of 1.x, and with them those of dotflow-core that have the same names. Copies of these are
in `dotflow/kept.d`. A folder without `__init__.py` comes after a file of the same name,
so this one is imported only then, and finds each module in either place.

`pip install --force-reinstall --no-deps dotflow-core` puts back what was removed.
"""

import sys
from importlib.util import spec_from_file_location
from os.path import dirname, isfile, join

_package = join(dirname(__file__), "dotflow")
_roots = [_package, join(_package, "kept.d")]


class _Finder:
    """Finds a module in the package, or among what is kept of it."""

    @staticmethod
    def find_spec(name, _path=None, _target=None):
        """Return the spec of a module of dotflow, None for any other."""
        if not name.startswith("dotflow."):
            return None
        places = [join(root, *name.split(".")[1:]) for root in _roots]
        for place in places:
            file = join(place, "__init__.py")
            if isfile(file):
                return spec_from_file_location(
                    name, file, submodule_search_locations=places
                )
            if isfile(f"{place}.py"):
                return spec_from_file_location(name, f"{place}.py")
        return None


sys.meta_path.insert(0, _Finder)
__path__ = __spec__.submodule_search_locations = _roots
with open(join(_roots[1], "__init__.py"), encoding="utf-8") as _file:
    exec(compile(_file.read(), _file.name, "exec"))
