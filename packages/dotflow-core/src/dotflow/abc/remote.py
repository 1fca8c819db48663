"""For authors of executors whose attempts run in other processes or on other computers."""

from __future__ import annotations

from dotflow.engine.collecting import hear_live as hear_live
from dotflow.engine.collecting import kinds_of as kinds_of
from dotflow.engine.executors.afar import Kept as Kept
from dotflow.engine.executors.afar import Parts as Parts
from dotflow.engine.executors.afar import Shape as Shape
from dotflow.engine.executors.afar import gathered as gathered
from dotflow.engine.executors.afar import hold as hold
from dotflow.engine.executors.afar import joined as joined
from dotflow.engine.executors.afar import packed_news as packed_news
from dotflow.engine.executors.afar import parted as parted
from dotflow.engine.executors.afar import read_news as read_news
from dotflow.engine.executors.afar import run_holding as run_holding
from dotflow.engine.executors.afar import spread as spread
from dotflow.engine.executors.cluster import ClusterExecutor as ClusterExecutor
from dotflow.engine.executors.cluster import Order as Order
from dotflow.engine.executors.cluster import needs_of as needs_of
from dotflow.engine.executors.likeness import Likeness as Likeness
from dotflow.engine.executors.likeness import check_alike as check_alike
from dotflow.engine.executors.likeness import likeness as likeness
from dotflow.engine.executors.likeness import modules_of as modules_of
from dotflow.engine.executors.remote import INLINE_BYTES as INLINE_BYTES
from dotflow.engine.executors.remote import PackedAttempt as PackedAttempt
from dotflow.engine.executors.remote import Packing as Packing
from dotflow.engine.executors.remote import cancelled_attempt as cancelled_attempt
from dotflow.engine.executors.remote import cancelled_outcome as cancelled_outcome
from dotflow.engine.executors.remote import lost_attempt as lost_attempt
from dotflow.engine.executors.remote import packed_outcome as packed_outcome
from dotflow.engine.executors.remote import run_packed as run_packed
from dotflow.engine.executors.remote import unpack_outcome as unpack_outcome
from dotflow.engine.executors.remote import unsendable_attempt as unsendable_attempt
from dotflow.model.held import Errand as Errand
from dotflow.model.held import Held as Held
