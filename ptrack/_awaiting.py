"""Waits for an awaitable from synchronous code, under WSGI and ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar, cast

from asgiref.sync import async_to_sync

_Result = TypeVar("_Result")


def wait_for(awaitable: Awaitable[_Result]) -> _Result:
    """Return the result of an awaitable, or raise what it raises."""
    if not _is_inside_event_loop():
        result, error = async_to_sync(_outcome_of)(awaitable)
    else:
        # The loop of this thread waits for the caller, so the awaitable runs in the loop of
        # another thread. This happens where asynchronous code, such as a test, calls a view.
        with ThreadPoolExecutor(1) as pool:
            result, error = pool.submit(copy_context().run, asyncio.run, _outcome_of(awaitable)).result()
    if error is not None:
        raise error
    return cast(_Result, result)


def _is_inside_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _outcome_of(awaitable: Awaitable[_Result]) -> tuple[_Result | None, Exception | None]:
    """Return what an awaitable returns, or what it raises, as a value: a Future loses an exception that is false."""
    try:
        return await awaitable, None
    except Exception as error:
        return None, error
