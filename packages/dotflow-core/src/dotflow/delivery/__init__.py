"""Telling a remote service things from a thread, so that no run waits for it.

`Delivery` is a bounded queue and the thread that empties it. A `Sender` is one way to
tell: it makes one attempt, and raises `Unreachable` if another may do better, `Refused`
if none will. `NotifyInBackground` is a notifier made of these: a subclass says what a
message holds and gives the sender.
"""

from dotflow.delivery.delivery import Delivery
from dotflow.delivery.message import Message
from dotflow.delivery.notify import NotifyInBackground
from dotflow.delivery.sender import Refused, Sender, Unreachable

__all__ = [
    "Delivery",
    "Message",
    "NotifyInBackground",
    "Refused",
    "Sender",
    "Unreachable",
]
