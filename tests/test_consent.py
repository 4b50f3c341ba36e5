"""One question, asked by tag, view, fast path and worker."""

from __future__ import annotations

import asyncio
import json
import logging
from functools import partial

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.template import engines
from django.test import override_settings

import ptrack
from ptrack import BackgroundLink, BackgroundPixel, link_url, pixel_img, pixel_url
from ptrack.background import DummyBackend
from ptrack.exceptions import PtrackArgumentError
from ptrack.views import TRANSPARENT_1_PIXEL_GIF as GIF

from drivers import DRIVERS
from support import WITH_LINKS, link_class, remembered, seal_json, without_setting

pytestmark = pytest.mark.usefixtures("no_pixels", "unconnected")

SHOP = "https://shop.example/?a=1&b=%C3%BC"


@pytest.fixture(autouse=True)
def _site():
    with override_settings(**WITH_LINKS):
        yield


@pytest.fixture(params=DRIVERS)
def client(request):
    return DRIVERS[request.param]()


@pytest.fixture
def hits(opens):
    """Let pixels and links append what they are given to this list."""
    ptrack.tracker.register(link_class(lambda self, *args, **kwargs: opens.append((list(args), kwargs))))
    return opens


def consent(answer):
    return override_settings(PTRACK_CONSENT=answer)


def path_of(url):
    return url.removeprefix("https://www.example.com")


def render(source, **context):
    return engines["django"].from_string("{% load ptrack %}" + source).render(context)


class Recipients:
    """The consent of a site: what was asked, and who said no."""

    def __init__(self):
        self.asked, self.withdrawn = [], set()

    def may_track(self, *args, reader=None, **kwargs):
        self.asked.append((args, {"reader": reader, **kwargs}))
        return reader not in self.withdrawn


@pytest.fixture
def recipients():
    found = Recipients()
    with consent(found.may_track):
        yield found


# The forms of an answer


def answer(value):
    def plain(*args, **kwargs):
        return value

    async def later():
        await asyncio.sleep(0)
        return value

    async def function(*args, **kwargs):
        return await later()

    class Awaitable:
        def __await__(self):
            return later().__await__()

    class Callable:
        async def __call__(self, *args, **kwargs):
            return value

    def coroutine_of_a_plain_function(*args, **kwargs):
        return later()

    def awaitable_of_a_plain_function(*args, **kwargs):
        return Awaitable()

    return [plain, function, Callable(), coroutine_of_a_plain_function, awaitable_of_a_plain_function]


FORMS = ["plain", "coroutine function", "callable object", "coroutine", "awaitable"]
each_form = pytest.mark.parametrize("form", range(len(FORMS)), ids=FORMS)


@each_form
def test_true_is_yes_and_false_is_no_at_rendering(form):
    with consent(answer(True)[form]):
        assert pixel_img("x").startswith("<img src=")
        assert link_url(SHOP).startswith("https://www.example.com/go/")
    with consent(answer(False)[form]):
        assert (pixel_url("x"), pixel_img("x"), link_url(SHOP)) == ("", "", SHOP)


@each_form
def test_true_is_yes_and_false_is_no_inside_an_event_loop(form):
    async def render_in_a_loop():
        return pixel_url("x")

    with consent(answer(True)[form]):
        assert async_to_sync(render_in_a_loop)() != ""
    with consent(answer(False)[form]):
        assert async_to_sync(render_in_a_loop)() == ""


@each_form
@pytest.mark.parametrize("value", [True, False])
def test_true_is_yes_and_false_is_no_at_a_hit(client, hits, form, value):
    pixel, link = path_of(pixel_url("x")), path_of(link_url(SHOP, "x"))
    with consent(answer(value)[form]):
        assert client.get(pixel).content == GIF
        assert client.get(link).headers["Location"] == SHOP
    assert hits == ([(["x"], {}), ([SHOP, "x"], {})] if value else [])


NO_ANSWERS = [None, 1, 0, "", "no", [], object(), asyncio.sleep]


@each_form
@pytest.mark.parametrize("value", NO_ANSWERS, ids=lambda value: type(value).__name__)
def test_anything_else_is_an_error_at_rendering(form, value):
    with consent(answer(value)[form]):
        for build in (pixel_url, pixel_img, lambda: link_url(SHOP)):
            fault = f"PTRACK_CONSENT, .*, answered with the type {type(value).__name__}: let it return True or False"
            with pytest.raises(ImproperlyConfigured, match=fault):
                build()


@each_form
@pytest.mark.parametrize("value", [None, 1])
def test_anything_else_is_logged_at_a_hit_and_nothing_is_recorded(client, hits, caplog, form, value):
    paths = path_of(pixel_url("plaintext")), path_of(link_url(SHOP, "plaintext"))
    with consent(answer(value)[form]):
        for path, status in zip(paths, (200, 302), strict=True):
            caplog.clear()
            assert client.get(path).status_code == status
            [entry] = caplog.records
            assert (entry.name, entry.levelno) == ("ptrack", logging.ERROR)
            assert f"answered with the type {type(value).__name__}" in caplog.text
            assert "plaintext" not in remembered(entry.exc_info[1]) + caplog.text
    assert hits == []


def test_a_coroutine_that_an_awaitable_gives_is_no_answer_and_leaves_no_warning():
    async def outer(*args):
        return asyncio.sleep(0, True)

    with consent(outer), pytest.raises(ImproperlyConfigured, match="the type coroutine"):
        pixel_url()


# The setting


def test_without_the_setting_everybody_is_tracked(client, hits):
    for unset in (consent(None), without_setting("PTRACK_CONSENT")):
        with unset:
            client.get(path_of(pixel_url("x")))
    assert hits == [(["x"], {})] * 2


def refuse_all(*args, **kwargs):
    return False


def test_the_setting_may_be_a_dotted_path(client, hits):
    path = path_of(pixel_url("x"))
    with consent(f"{__name__}.refuse_all"):
        assert pixel_url("x") == ""
        client.get(path)
    assert hits == []


BAD_SETTINGS = [
    "",
    "no.such.function",
    "settings",
    "django.VERSION",
    "ptrack.conf.nothing",
    5,
    True,
    [refuse_all],
    b"x",
]


@pytest.mark.parametrize("setting", BAD_SETTINGS, ids=repr)
def test_a_bad_setting_is_an_error_at_rendering_and_logged_at_a_hit(client, hits, caplog, setting):
    paths = path_of(pixel_url("x")), path_of(link_url(SHOP, "x"))
    with consent(setting):
        for build in (pixel_url, pixel_img, lambda: link_url(SHOP)):
            with pytest.raises(ImproperlyConfigured, match=r"^PTRACK_CONSENT is "):
                build()
        assert client.get(paths[0]).content == GIF
        assert client.get(paths[1]).headers["Location"] == SHOP
    assert hits == []
    assert [entry.exc_info[0] for entry in caplog.records] == [ImproperlyConfigured] * 2


# What is asked


def test_the_question_holds_what_the_tag_was_given(recipients, client):
    link, pixel = link_url(SHOP, "newsletter", reader=7), pixel_url("newsletter", reader=7)
    client.get(path_of(link))
    client.get(path_of(pixel))
    # The same for pixel and link, so the destination is not in it.
    assert recipients.asked == [(("newsletter",), {"reader": 7})] * 4


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: pixel_url(None), PtrackArgumentError),
        (lambda: pixel_url(request=1), PtrackArgumentError),
        (lambda: link_url(SHOP, None), PtrackArgumentError),
        (lambda: link_url(SHOP, url="x"), PtrackArgumentError),
        (lambda: link_url("https://other.example/"), PtrackArgumentError),
        (lambda: link_url("/path"), PtrackArgumentError),
    ],
)
def test_what_is_refused_is_refused_for_everybody(recipients, build, error):
    with pytest.raises(error):
        build()
    assert recipients.asked == []


@pytest.mark.parametrize("bad", ["PTRACK_SECRET", "PTRACK_APP_URL", "PTRACK_LINK_ALLOWED_HOSTS"])
def test_a_missing_setting_is_an_error_for_everybody(recipients, bad):
    with override_settings(**{bad: None}), pytest.raises(ImproperlyConfigured, match=bad):
        link_url(SHOP)
    assert recipients.asked == []


def test_nobody_is_asked_for_what_records_nothing(recipients, client, hits):
    link = path_of(link_url(SHOP))
    recipients.asked.clear()
    client.head(link)
    client.head(path_of("/ptrack/x/"))
    for path in ("/ptrack/junk/", "/go/junk/", f"/ptrack/{seal_json([[], {'ptrack:to': SHOP}])}/"):
        client.get(path)
    client.send("POST", link)
    assert recipients.asked == []


# No at rendering


def test_the_tags_put_out_nothing_or_the_bare_destination(recipients):
    recipients.withdrawn.add(7)
    assert render("[{% ptrack reader=7 %}]") == "[]"
    assert render("[{% ptrack_pixel_url reader=7 %}]") == "[]"
    assert render("{% ptrack_link_url url reader=7 %}", url=SHOP) == SHOP.replace("&", "&amp;")
    assert render("{% autoescape off %}{% ptrack_link_url url reader=7 %}{% endautoescape %}", url=SHOP) == SHOP
    assert render("{% ptrack reader=8 %}").startswith("<img")
    assert render("{% ptrack_link_url url reader=8 %}", url=SHOP).startswith("https://www.example.com/go/")


def test_the_bare_destination_is_the_text_that_would_have_been_the_location(recipients):
    destination = 'https://shop.example/ü?q="é"#<x>'
    location = DRIVERS["WSGI"]().get(path_of(link_url(destination))).headers["Location"]
    recipients.withdrawn.add(7)
    assert link_url(destination, reader=7) == location == "https://shop.example/%C3%BC?q=%22%C3%A9%22#%3Cx%3E"


def test_hand_written_markup_can_ask_for_the_url(recipients):
    recipients.withdrawn.add(7)
    source = "{% ptrack_pixel_url reader=reader as url %}{% if url %}<img src='{{ url }}'>{% endif %}"
    assert render(source, reader=7) == ""
    assert render(source, reader=8).startswith("<img src='https://")


def test_jinja2_puts_out_nothing_too(recipients):
    recipients.withdrawn.add(7)
    assert engines["jinja2"].from_string("[{{ ptrack(reader=7) }}]").render({}) == "[]"


# Withdrawn after sending


def test_consent_that_is_withdrawn_covers_the_emails_of_last_year(recipients, client, hits):
    pixel, link = path_of(pixel_url(reader=7)), path_of(link_url(SHOP, reader=7))
    good, redirect = client.get(pixel), client.get(link)
    assert len(hits) == 2
    recipients.withdrawn.add(7)
    for _ in range(2):
        assert client.get(pixel).serialize() == good.serialize()
        assert client.get(link).serialize() == redirect.serialize()
    assert len(hits) == 2
    recipients.withdrawn.clear()
    client.get(pixel)
    assert len(hits) == 3


recorded = []


class QueuedPixel(BackgroundPixel):
    def record(self, *args, **kwargs):
        recorded.append((args, kwargs))


class QueuedLink(BackgroundLink):
    def record(self, *args, **kwargs):
        recorded.append((args, kwargs))


class KeepingBackend(DummyBackend):
    """A task engine with one queue for all threads."""

    kept: list[object] = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.results = self.kept


@pytest.fixture
def queue():
    """Let the task engine keep its tasks, as a list of task results."""
    recorded.clear()
    KeepingBackend.kept.clear()
    ptrack.tracker.register(QueuedPixel)
    ptrack.tracker.register(QueuedLink)
    with override_settings(TASKS={"default": {"BACKEND": f"{__name__}.KeepingBackend"}}):
        yield KeepingBackend.kept


def work(queue):
    while queue:
        result = queue.pop(0)
        result.task.call(*json.loads(json.dumps(result.args)))


def test_a_hit_without_consent_is_not_even_queued(recipients, client, queue):
    paths = path_of(pixel_url(reader=7)), path_of(link_url(SHOP, reader=7))
    recipients.withdrawn.add(7)
    for path in paths:
        client.get(path)
    assert queue == []
    recipients.withdrawn.clear()
    client.get(paths[0])
    assert len(queue) == 1


def test_consent_that_is_withdrawn_covers_what_waits_in_the_queue(recipients, client, queue):
    for path in (path_of(pixel_url("a", reader=7)), path_of(link_url(SHOP, "a", reader=7))):
        for _ in range(2):
            client.get(path)
    kept, waiting = queue[::2], queue[1::2]
    recipients.asked.clear()
    work(kept)
    assert recorded == [(("a",), {"reader": 7}), ((SHOP, "a"), {"reader": 7})]
    # Without the destination in the worker too.
    assert recipients.asked == [(("a",), {"reader": 7})] * 2
    recipients.withdrawn.add(7)
    work(waiting)
    assert len(recorded) == 2


@each_form
@pytest.mark.parametrize("value", [True, False])
def test_true_is_yes_and_false_is_no_in_the_worker(client, queue, form, value):
    client.get(path_of(pixel_url("x")))
    with consent(answer(value)[form]):
        work(queue)
    assert recorded == [(("x",), {})] * value


@pytest.mark.parametrize("setting", [lambda *args: None, "no.such.function", 5])
def test_a_fault_in_the_worker_is_logged_and_reaches_the_engine(client, queue, caplog, setting):
    client.get(path_of(link_url(SHOP, "plaintext")))
    with consent(setting), pytest.raises(ImproperlyConfigured, match=r"^PTRACK_CONSENT"):
        work(queue)
    [entry] = [entry for entry in caplog.records if entry.name == "ptrack"]
    assert "QueuedLink failed" in entry.getMessage()
    assert entry.exc_info[0] is ImproperlyConfigured
    assert "plaintext" not in caplog.text
    assert recorded == []


# Failures


class Odd(Exception):
    """An exception with an attribute that raises."""

    @property
    def __context__(self):
        raise RuntimeError("no context")


def failing(make):
    def plain(*args):
        raise make("not today")

    async def function(*args):
        await asyncio.sleep(0)
        raise make("not today")

    def coroutine_of_a_plain_function(*args):
        return function(*args)

    return [plain, function, coroutine_of_a_plain_function]


each_failing_form = pytest.mark.parametrize("form", range(3), ids=["plain", "coroutine function", "coroutine"])


@each_failing_form
@pytest.mark.parametrize("exception", [ZeroDivisionError, asyncio.CancelledError])
def test_what_it_raises_is_raised_at_rendering(form, exception):
    with consent(failing(exception)[form]):
        for build in (pixel_url, pixel_img, partial(link_url, SHOP)):
            with pytest.raises(exception) as caught:
                build("plaintext")
            assert "plaintext" not in remembered(caught.value)


@each_failing_form
@pytest.mark.parametrize("exception", [ZeroDivisionError, asyncio.CancelledError])
def test_what_it_raises_at_a_hit_is_logged_and_nothing_is_recorded(client, hits, caplog, form, exception):
    pixel, link = path_of(pixel_url("plaintext")), path_of(link_url(SHOP, "plaintext"))
    with consent(failing(exception)[form]):
        assert client.get(pixel).content == GIF
        assert client.get(link).headers["Location"] == SHOP
    assert hits == []
    assert len(caplog.records) == 2
    for entry in caplog.records:
        assert (entry.name, entry.levelno) == ("ptrack", logging.ERROR)
        assert "PTRACK_CONSENT failed" in entry.getMessage()
        assert entry.exc_info[0] is exception
        # The traceback leads to the line, and holds no value.
        assert 'raise make("not today")' in caplog.text
        assert "plaintext" not in remembered(entry.exc_info[1]) + caplog.text


def test_an_exception_that_cannot_be_logged_is_named_as_one(client, hits, caplog):
    path = path_of(pixel_url())
    with consent(failing(Odd)[0]):
        assert client.get(path).content == GIF
    assert hits == []
    [entry] = caplog.records
    assert "PTRACK_CONSENT failed" in entry.getMessage()
    assert "an exception that cannot be logged" in entry.getMessage()


@each_failing_form
def test_what_it_raises_in_the_worker_is_logged_and_reaches_the_engine(client, queue, caplog, form):
    client.get(path_of(pixel_url("plaintext")))
    with consent(failing(ZeroDivisionError)[form]), pytest.raises(ZeroDivisionError):
        work(queue)
    [entry] = [entry for entry in caplog.records if entry.name == "ptrack"]
    assert "QueuedPixel failed" in entry.getMessage()
    assert "plaintext" not in caplog.text
    assert recorded == []


def test_it_may_stop_the_process(hits):
    path = path_of(pixel_url())
    with consent(failing(KeyboardInterrupt)[0]), pytest.raises(KeyboardInterrupt):
        DRIVERS["fast path"]().get(path)
    assert hits == []
