"""The former place of a map's results, which stored pickles name."""

from __future__ import annotations

from dotflow.engine.maps.mapped_results import MappedResults as MappedResults
from dotflow.model.items import ItemKey as ItemKey
from dotflow.model.items import ItemNode as ItemNode
