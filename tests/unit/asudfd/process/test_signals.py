"""Signals reach the event loop, and whoever looks while it is held."""

import asyncio
import os
import signal
import threading

from asudfd.process.signals import Signals


def test_signals_are_seen_before_and_by_the_loop() -> None:
    async def scene() -> list[str]:
        loop = asyncio.get_running_loop()
        seen: list[str] = []
        came = asyncio.Event()

        def on_hangup() -> None:
            seen.append("hangup")
            came.set()

        before = signal.getsignal(signal.SIGHUP)
        signals = Signals(loop, {signal.SIGHUP: on_hangup})
        try:
            assert not signals.pending()
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.pending() == {signal.SIGHUP}
            assert not seen
            await came.wait()
            assert not signals.pending()
            signals.hold()
            assert signal.SIGHUP in signal.pthread_sigmask(signal.SIG_BLOCK, [])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
        finally:
            signals.close()
        assert signal.getsignal(signal.SIGHUP) is before
        return seen

    assert asyncio.run(scene()) == ["hangup"]


def test_signals_that_waited_over_a_restart_are_seen() -> None:
    async def scene() -> None:
        came = asyncio.Event()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
        signals = Signals(asyncio.get_running_loop(), {signal.SIGHUP: came.set})
        await came.wait()
        signals.close()

    asyncio.run(scene())
