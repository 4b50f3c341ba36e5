"""Waits for an awaitable from synchronous code, under WSGI and ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from asgiref.sync import async_to_sync

_Result = TypeVar("_Result")


def wait_for(awaitable: Awaitable[_Result]) -> _Result:
    """Return the result of an awaitable, or raise what it raises."""
    if not _is_inside_event_loop():
        return async_to_sync(_await)(awaitable)
    # The loop of this thread waits for the caller, so the awaitable runs in the loop of another
    # thread. This happens where asynchronous code, such as a test, calls a view.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, _await(awaitable)).result()


def _is_inside_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _await(awaitable: Awaitable[_Result]) -> _Result:
    return await awaitable
