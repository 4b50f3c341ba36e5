from __future__ import annotations

import asyncio
import traceback

import pytest
from django.views.debug import ExceptionReporter

from ptrack._tracebacks import clear_locals, without_locals

from support import remembered

PLAINTEXT = "ada@example.com"


def fail_deeply(email):
    try:
        copy = [email]
        int(copy[0])
    except ValueError:
        nested = {"email": email}
        raise RuntimeError("cannot do it") from LookupError(len(nested))


def test_clear_locals_clears_the_frames_of_chained_exceptions():
    with pytest.raises(RuntimeError) as caught:
        fail_deeply(PLAINTEXT)
    assert PLAINTEXT in remembered(caught.value.__context__)
    # int() quotes its argument in the message of the exception.
    caught.value.__context__.args = ()
    caught.value.__cause__ = None
    assert PLAINTEXT in remembered(caught.value)
    clear_locals(caught.value)
    assert PLAINTEXT not in remembered(caught.value)


def test_clear_locals_clears_the_frames_of_a_cause():
    def fail(email):
        raise KeyError

    try:
        fail(PLAINTEXT)
    except KeyError as cause:
        error = RuntimeError()
        error.__cause__ = cause
    assert PLAINTEXT in remembered(error)
    clear_locals(error)
    assert PLAINTEXT not in remembered(error)


def test_clear_locals_clears_the_frames_of_grouped_exceptions():
    def fail(email):
        raise KeyError

    with pytest.raises(KeyError) as caught:
        fail(PLAINTEXT)
    assert PLAINTEXT in remembered(caught.value)
    clear_locals(ExceptionGroup("several", [ExceptionGroup("some", [caught.value])]))
    assert PLAINTEXT not in remembered(caught.value)


def test_clear_locals_does_not_touch_an_exception_that_was_handled_before():
    def fail(email):
        raise KeyError

    with pytest.raises(KeyError) as handled:
        fail(PLAINTEXT)
    error = ValueError()
    error.__context__ = handled.value
    clear_locals(error, handled.value)
    assert PLAINTEXT in remembered(handled.value)
    clear_locals(error)
    assert PLAINTEXT not in remembered(handled.value)


async def fail_in_a_task(email):
    await asyncio.sleep(0)
    raise KeyError


async def await_it(email):
    await fail_in_a_task(email)


async def gather_it(email):
    await asyncio.gather(await_it(email))


async def group_it(email):
    async with asyncio.TaskGroup() as group:
        group.create_task(await_it(email))


def yield_it(email):
    yield await_it(email).send(None)
    raise KeyError


@pytest.mark.parametrize(
    "fail",
    [
        lambda email: asyncio.run(await_it(email)),
        lambda email: asyncio.run(gather_it(email)),
        lambda email: asyncio.run(group_it(email)),
        lambda email: list(yield_it(email)),
        lambda email: sum(int(character + email[0]) for character in email),
    ],
)
def test_the_frames_of_finished_generators_and_coroutines_are_cleared(fail):
    with pytest.raises((KeyError, ValueError, ExceptionGroup)) as caught:
        fail(PLAINTEXT)
    error = caught.value
    # int() quotes its argument in the message of the exception.
    error.args = error.args[:1] if isinstance(error, ExceptionGroup) else ()
    shown = [(entry.filename, entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
    assert PLAINTEXT in remembered(error, *getattr(error, "exceptions", ()))
    clear_locals(error)
    assert PLAINTEXT not in remembered(error, *getattr(error, "exceptions", ()))
    again = [(entry.filename, entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
    assert again == shown
    assert type(error).__name__ in ExceptionReporter(None, type(error), error, error.__traceback__).get_traceback_html()
    printed = "".join(traceback.format_exception(error))
    assert all(f'File "{file}", line {line}, in {name}' in printed for file, name, line in shown)


def test_a_suspended_generator_does_not_keep_other_frames_from_being_cleared():
    def fail(email):
        raise KeyError

    def catch(caught):
        try:
            fail(PLAINTEXT)
        except KeyError as error:
            caught.append(error)
        yield

    caught = []
    suspended = catch(caught)
    next(suspended)
    assert PLAINTEXT in remembered(*caught)
    clear_locals(*caught)
    assert PLAINTEXT not in remembered(*caught)


def test_an_exception_that_is_raised_again_while_it_is_handled_is_cleared():
    error = ValueError("one for all")

    @without_locals
    def fail(email):
        raise error

    def fail_twice():
        try:
            fail("other")
        except ValueError:
            fail(PLAINTEXT)

    with pytest.raises(ValueError, match="one for all"):
        fail_twice()
    assert PLAINTEXT not in remembered(error)


def test_clear_locals_ends_where_causes_form_a_circle():
    first, second = KeyError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    clear_locals(first)
    assert first.__cause__ is second


def test_clear_locals_keeps_the_lines_of_the_traceback():
    with pytest.raises(RuntimeError) as caught:
        fail_deeply(PLAINTEXT)
    depth = len(caught.traceback)
    clear_locals(caught.value)
    assert len(caught.traceback) == depth == 2


def test_without_locals_passes_arguments_and_result_on():
    @without_locals
    def add(first, *, second):
        return first + second

    assert add(1, second=2) == 3
    assert add.__name__ == "add"


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_without_locals_clears_every_frame_below_the_caller(exception):
    def fail(email):
        raise exception

    @without_locals
    def call(*args, **kwargs):
        fail(*args, **kwargs)

    with pytest.raises(exception) as positional:
        call(PLAINTEXT)
    with pytest.raises(exception) as named:
        call(email=PLAINTEXT)
    assert PLAINTEXT not in remembered(positional.value)
    assert PLAINTEXT not in remembered(named.value)


def test_without_locals_does_not_touch_an_exception_that_the_caller_was_handling():
    @without_locals
    def fail():
        raise ValueError

    def caller(email):
        try:
            raise KeyError
        except KeyError:
            fail()

    with pytest.raises(ValueError, match=r"^$") as caught:
        caller(PLAINTEXT)
    assert PLAINTEXT in repr(caught.value.__context__.__traceback__.tb_frame.f_locals)
