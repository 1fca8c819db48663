"""`DaemonThreads`: a pool of threads that never holds up the end of the program."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypeVar

    T = TypeVar("T")
    P = ParamSpec("P")
    Order = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class DaemonThreads(ThreadPoolExecutor):
    """Runs calls in threads that end with the program, whatever they are in.

    Python joins the threads of its own pools before it ends, for as long as a call in
    one takes. It is one of them, since an event loop takes no other as its default.

    Args:
        max_workers: The most threads; None for as many as `ThreadPoolExecutor` has.
        thread_name_prefix: What their names begin with.
    """

    def __init__(
        self, max_workers: int | None = None, thread_name_prefix: str = ""
    ) -> None:
        super().__init__(max_workers, thread_name_prefix or "dotflow-pool")
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._serving: list[threading.Thread] = []
        self._unfinished = 0
        self._closed = False

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Have a thread call `fn`; see `concurrent.futures.Executor.submit`."""
        future: Future[T] = Future()
        with self._guard:
            if self._closed:
                raise RuntimeError("The pool was shut down and takes no more calls.")
            if self._unfinished >= len(self._serving) < self._max_workers:
                thread = threading.Thread(
                    target=self._serve,
                    name=f"{self._thread_name_prefix}_{len(self._serving)}",
                    daemon=True,
                )
                thread.start()
                self._serving.append(thread)
            self._unfinished += 1
            self._orders.put((future, fn, args, kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end; see `concurrent.futures.Executor.shutdown`."""
        with self._guard:
            self._closed = True
            if cancel_futures:
                self._drain()
            for _ in self._serving:
                self._orders.put(None)
            serving = list(self._serving)
        for thread in serving if wait else ():
            thread.join()

    def let_go(self) -> None:
        """Shut down, and have nobody who does so later wait for what still runs."""
        self.shutdown(wait=False, cancel_futures=True)
        with self._guard:
            self._serving.clear()

    def _drain(self) -> None:
        while True:
            try:
                order = self._orders.get_nowait()
            except Empty:
                return
            if order is not None:
                order[0].cancel()

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            future, fn, args, kwargs = order
            told = self._told(future, fn, args, kwargs)
            # Before it is told: whoever hears of it finds this thread free, and no
            # further one is started.
            with self._guard:
                self._unfinished -= 1
            told()
            # Not until the next order: results may be large.
            del order, future, fn, args, kwargs, told

    @staticmethod
    def _told(
        future: Future[Any],
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Callable[[], None]:
        """Call what was ordered, and return what tells the future of it."""
        if not future.set_running_or_notify_cancel():
            return _nothing
        try:
            return partial(future.set_result, fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            return partial(future.set_exception, error)


def _nothing() -> None:
    """Tell nobody: the call was cancelled."""
