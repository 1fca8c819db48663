"""Several providers of one family as one, which `Config(log=[a, b])` makes by itself.

    from dotflow.providers.composite.log import CompositeLog

There is one for each family that tells: log, notify, tracer, metrics and server. A
storage and a scheduler there can be only one of.
"""
