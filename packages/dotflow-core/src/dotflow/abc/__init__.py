"""The interfaces: one abstract base class a module."""
