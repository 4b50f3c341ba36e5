from __future__ import annotations

import asyncio
import traceback

import pytest
from django.views.debug import ExceptionReporter

from ptrack.tracebacks import forget_locals, without_locals

from support import remembered

PLAINTEXT = "ada@example.com"


def fail_deeply(address):
    try:
        copy = [address]
        int(copy[0])
    except ValueError:
        nested = {"address": address}
        raise RuntimeError("cannot do it") from LookupError(len(nested))


def test_forget_locals_clears_the_frames_of_chained_exceptions():
    with pytest.raises(RuntimeError) as caught:
        fail_deeply(PLAINTEXT)
    assert PLAINTEXT in remembered(caught.value.__context__)
    # int() quotes what it was given; that is the exception's own text.
    caught.value.__context__.args = ()
    caught.value.__cause__ = None
    assert PLAINTEXT in remembered(caught.value)
    forget_locals(caught.value)
    assert PLAINTEXT not in remembered(caught.value)


def test_forget_locals_clears_the_frames_of_a_cause():
    def fail(address):
        raise KeyError

    try:
        fail(PLAINTEXT)
    except KeyError as cause:
        error = RuntimeError()
        error.__cause__ = cause
    assert PLAINTEXT in remembered(error)
    forget_locals(error)
    assert PLAINTEXT not in remembered(error)


def test_forget_locals_clears_the_frames_of_grouped_exceptions():
    def fail(address):
        raise KeyError

    with pytest.raises(KeyError) as caught:
        fail(PLAINTEXT)
    assert PLAINTEXT in remembered(caught.value)
    forget_locals(ExceptionGroup("several", [ExceptionGroup("some", [caught.value])]))
    assert PLAINTEXT not in remembered(caught.value)


@pytest.mark.parametrize("exceptions", [None, 5, ["a"], {"a": 1}, [KeyError()]])
def test_forget_locals_minds_no_attribute_that_only_looks_like_a_groups(exceptions):
    def fail(address):
        error = KeyError()
        error.exceptions = exceptions
        raise error

    with pytest.raises(KeyError) as caught:
        fail(PLAINTEXT)
    forget_locals(caught.value)
    assert PLAINTEXT not in remembered(caught.value)


def test_forget_locals_leaves_what_was_being_handled_before():
    def fail(address):
        raise KeyError

    with pytest.raises(KeyError) as handled:
        fail(PLAINTEXT)
    error = ValueError()
    error.__context__ = handled.value
    forget_locals(error, handled.value)
    assert PLAINTEXT in remembered(handled.value)
    forget_locals(error)
    assert PLAINTEXT not in remembered(handled.value)


@pytest.mark.parametrize("clear", [forget_locals, without_locals])
def test_suspended_generators_and_coroutines_go_on(clear):
    """An exception may have passed through code that caught it and still runs."""
    caught = []

    def generate():
        while True:
            try:
                raise KeyError
            except KeyError as error:
                caught.append(error)
            yield len(caught)

    async def wait():
        try:
            raise KeyError
        except KeyError as error:
            caught.append(error)
        await asyncio.sleep(0)
        return "done"

    generator, coroutine = generate(), wait()
    assert next(generator) == 1
    coroutine.send(None)

    def raise_again(number):
        raise caught[number]

    for number in (0, 1):
        if clear is forget_locals:
            forget_locals(caught[number])
        else:
            with pytest.raises(KeyError):
                without_locals(raise_again)(number)
    assert next(generator) == 3
    with pytest.raises(StopIteration, match="done"):
        coroutine.send(None)


async def fail_in_a_task(address):
    await asyncio.sleep(0)
    raise KeyError


async def await_it(address):
    await fail_in_a_task(address)


async def gather_it(address):
    await asyncio.gather(await_it(address))


async def group_it(address):
    async with asyncio.TaskGroup() as group:
        group.create_task(await_it(address))


def yield_it(address):
    yield await_it(address).send(None)
    raise KeyError


@pytest.mark.parametrize(
    "fail",
    [
        lambda address: asyncio.run(await_it(address)),
        lambda address: asyncio.run(gather_it(address)),
        lambda address: asyncio.run(group_it(address)),
        lambda address: list(yield_it(address)),
        lambda address: sum(int(letter + address[0]) for letter in address),
    ],
)
def test_the_frames_of_generators_and_coroutines_hold_nothing_either(fail):
    with pytest.raises((KeyError, ValueError, ExceptionGroup)) as caught:
        fail(PLAINTEXT)
    error = caught.value
    # int() quotes what it was given; that is the exception's own text.
    error.args = error.args[:1] if isinstance(error, ExceptionGroup) else ()
    shown = [(entry.filename, entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
    assert PLAINTEXT in remembered(error, *getattr(error, "exceptions", ()))
    forget_locals(error)
    assert PLAINTEXT not in remembered(error, *getattr(error, "exceptions", ()))
    again = [(entry.filename, entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
    assert again == shown
    assert type(error).__name__ in ExceptionReporter(None, type(error), error, error.__traceback__).get_traceback_html()
    printed = "".join(traceback.format_exception(error))
    assert all(f'File "{file}", line {line}, in {name}' in printed for file, name, line in shown)


def test_what_is_suspended_shows_nothing():
    async def wait(address):
        try:
            raise KeyError
        except KeyError as error:
            caught.append(error)
        await asyncio.sleep(0)

    caught = []
    coroutine = wait(PLAINTEXT)
    coroutine.send(None)
    assert PLAINTEXT in remembered(caught[0])
    forget_locals(caught[0])
    assert PLAINTEXT not in remembered(caught[0])
    with pytest.raises(StopIteration):
        coroutine.send(None)


def test_an_exception_that_is_raised_again_while_it_is_handled_is_cleared():
    error = ValueError("one for all")

    @without_locals
    def fail(address):
        raise error

    def fail_twice():
        try:
            fail("other")
        except ValueError:
            fail(PLAINTEXT)

    with pytest.raises(ValueError, match="one for all"):
        fail_twice()
    assert PLAINTEXT not in remembered(error)


def test_forget_locals_ends_on_a_circle_of_causes():
    first, second = KeyError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    forget_locals(first)
    assert first.__cause__ is second


def test_forget_locals_keeps_the_lines_of_the_traceback():
    with pytest.raises(RuntimeError) as caught:
        fail_deeply(PLAINTEXT)
    depth = len(caught.traceback)
    forget_locals(caught.value)
    assert len(caught.traceback) == depth == 2


def test_without_locals_passes_arguments_and_result_on():
    @without_locals
    def add(first, *, second):
        return first + second

    assert add(1, second=2) == 3
    assert add.__name__ == "add"


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_without_locals_clears_every_frame_below_the_caller(exception):
    def fail(address):
        raise exception

    @without_locals
    def call(*args, **kwargs):
        fail(*args, **kwargs)

    with pytest.raises(exception) as positional:
        call(PLAINTEXT)
    with pytest.raises(exception) as named:
        call(address=PLAINTEXT)
    assert PLAINTEXT not in remembered(positional.value)
    assert PLAINTEXT not in remembered(named.value)


def test_without_locals_leaves_what_the_caller_was_handling():
    @without_locals
    def fail():
        raise ValueError

    def caller(address):
        try:
            raise KeyError
        except KeyError:
            fail()

    with pytest.raises(ValueError, match=r"^$") as caught:
        caller(PLAINTEXT)
    assert PLAINTEXT in repr(caught.value.__context__.__traceback__.tb_frame.f_locals)
