"""The version of this distribution, as a literal that costs nothing to import.

`importlib.metadata` would take longer than the whole of `import dotflow` may.
`scripts/bump.py` writes this file together with every other place.
"""

__version__ = "2.0.0rc1"
