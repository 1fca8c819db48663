"""The one version of every distribution here; `scripts/bump.py` changes it."""

__version__ = "2.0.0rc1"
