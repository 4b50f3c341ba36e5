from __future__ import annotations

import gc
import logging
import subprocess
import sys
import weakref
from asyncio import CancelledError
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from django.test import Client, RequestFactory

import ptrack
from ptrack import encoder, views
from ptrack.hits import Hit
from ptrack.testing import open_mail

from support import seal_json

pytestmark = pytest.mark.usefixtures("no_pixels")

MADE_AT = 1_790_000_000


def hit(token="token", meta=None, timestamp=MADE_AT):
    return Hit(token, {} if meta is None else meta, timestamp)


@pytest.fixture
def seen():
    """Let the one registered pixel append its request to this list."""
    requests = []

    @ptrack.tracker.register
    class RequestPixel(ptrack.TrackingPixel):
        def record(self, request, *args, **kwargs):
            requests.append(request)

    return requests


@pytest.fixture
def clock(monkeypatch):
    """The time that the encoder and the view see, in seconds."""

    class Clock:
        now = float(MADE_AT)

        def time(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(encoder, "time", clock)
    monkeypatch.setattr(views, "time", clock)
    return clock


def test_from_tag_to_hit_the_time_to_open_is_right_to_the_second(seen, clock):
    clock.now = MADE_AT + 0.9
    mail = ptrack.pixel_img("welcome", user=7)
    clock.now += 3 * 24 * 60 * 60 + 2.35
    open_mail(mail, user_agent="Thunderbird/128")
    [request] = seen
    found = request.ptrack
    assert found.issued_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert found.at == datetime(2026, 9, 24, 14, 13, 23, 250_000, tzinfo=UTC)
    assert found.age == timedelta(days=3, seconds=3, microseconds=250_000)
    assert (found.kind, found.reason) == ("person", 'user agent contains "Thunderbird"')
    assert found.token in mail


def test_the_clock_is_read_when_the_hit_arrives(seen, clock):
    class SlowPixel(ptrack.TrackingPixel):
        def record(self):
            clock.now += 60

    ptrack.tracker.register(SlowPixel)
    ptrack.tracker.restore(dict(reversed(ptrack.tracker.save().items())))
    open_mail(ptrack.pixel_img())
    assert [request.ptrack.age for request in seen] == [timedelta()]


def test_opening_again_is_the_same_pixel(seen):
    mail, other = ptrack.pixel_img("welcome"), ptrack.pixel_img("welcome")
    open_mail(mail)
    open_mail(mail)
    open_mail(other)
    first, second, third = (request.ptrack.pixel_id for request in seen)
    assert first == second != third
    assert set(first) <= set("0123456789abcdef")
    assert len(first) == 32


def test_the_padding_of_a_token_makes_no_other_pixel():
    assert hit("token==").pixel_id == hit("token").pixel_id == "b7ec0488fd6ac0b8ff79180aa04b7f75"
    assert hit("Token").pixel_id != hit("token").pixel_id


def test_a_token_of_a_custom_encoder_may_be_any_text():
    assert len(hit("é\ud800\x00").pixel_id) == 32


def test_a_hit_is_shown_without_its_token():
    token = ptrack.PtrackEncoder.encrypt("a")
    assert repr(hit(token)) == f"<Hit of pixel {hit(token).pixel_id}>"


@pytest.mark.parametrize("token", [seal_json([["a"], {}]), "no token", ""], ids=["unstamped", "junk", "empty"])
def test_tokens_that_do_not_say_when(token, caplog):
    found = hit(token)
    assert (found.issued_at, found.age) == (None, None)
    assert [record.message for record in caplog.records if token and token in record.message] == []


def test_the_age_is_never_negative(clock):
    token = ptrack.PtrackEncoder.encrypt()
    found = hit(token, timestamp=MADE_AT - 10)
    assert found.issued_at > found.at
    assert found.age == timedelta()


class PlainEncoder:
    @staticmethod
    def encrypt(*args, **kwargs): ...

    @staticmethod
    def decrypt(token): ...


def test_an_encoder_need_not_say_when(caplog):
    ptrack.ptrack_encoder = PlainEncoder
    assert (hit().issued_at, hit().age) == (None, None)
    assert caplog.records == []


def test_an_encoder_may_say_when():
    zone = timezone(timedelta(hours=2))

    class DatedEncoder(PlainEncoder):
        @staticmethod
        def issued_at(token):
            return datetime(2026, 9, 21, 16, 13, 0, tzinfo=zone) if token == "plain" else None

    ptrack.ptrack_encoder = DatedEncoder
    assert hit("plain").age == timedelta(seconds=20)
    assert hit("other").age is None


@pytest.mark.parametrize("outcome", [ValueError("plain"), CancelledError("plain"), datetime(2026, 9, 21), 1])  # noqa: DTZ001
def test_an_encoder_that_fails_to_say_when(outcome, caplog):
    class FailingEncoder(PlainEncoder):
        @staticmethod
        def issued_at(token):
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    ptrack.ptrack_encoder = FailingEncoder
    found = hit("plain")
    assert (found.issued_at, found.age) == (None, None)
    [record] = caplog.records
    assert (record.name, record.levelno, record.exc_info) == ("ptrack", logging.WARNING, None)
    assert record.getMessage().startswith("issued_at() of the encoder <class ")
    assert "plain" not in record.getMessage()


def test_all_but_the_time_is_worked_out_when_it_is_looked_at(seen):
    open_mail(ptrack.pixel_img())
    assert set(vars(seen[0].ptrack)) == {"token", "_timestamp", "_meta"}


def test_the_kind_is_worked_out_once():
    found = hit(meta={"HTTP_USER_AGENT": "curl/8.0"})
    assert found.kind == "scanner"
    found._meta["HTTP_USER_AGENT"] = "Thunderbird/128"
    assert (found.kind, found.reason) == ("scanner", "user agent is that of a script or a tool")


def test_a_hit_does_not_keep_its_request_alive(seen):
    views.record_hit(ptrack.PtrackEncoder.encrypt(), lambda: RequestFactory().get("/"))
    request = weakref.ref(seen[0])
    gc.disable()
    try:
        seen.clear()
        assert request() is None
    finally:
        gc.enable()


def test_an_unreadable_token_is_no_hit():
    views.record_hit("junk", lambda: pytest.fail("Nobody needs the request."))


def test_pixels_of_one_request_share_the_hit(seen):
    class AnotherPixel(ptrack.TrackingPixel):
        def record(self, request):
            seen.append(request)

    ptrack.tracker.register(AnotherPixel)
    Client().get(f"/ptrack/{ptrack.PtrackEncoder.encrypt()}/")
    assert len(seen) == 2
    assert seen[0].ptrack is seen[1].ptrack


def test_a_pixel_that_does_not_take_the_request_pays_for_no_hit(opens, monkeypatch):
    monkeypatch.setattr(views, "Hit", None)
    open_mail(ptrack.pixel_img("a"))
    assert opens == [(["a"], {})]


CORE_SITE = """
import sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["ptrack"], ROOT_URLCONF="core_site", PTRACK_SECRET="secret", ALLOWED_HOSTS=["*"],
    PTRACK_APP_URL="http://testserver",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
import types
import django
django.setup()
from django.urls import include, path
sys.modules["core_site"] = types.ModuleType("core_site")
sys.modules["core_site"].urlpatterns = [path("p/", include("ptrack.urls"))]
import ptrack
seen = []
@ptrack.tracker.register
class Pixel(ptrack.TrackingPixel):
    def record(self, request, *args): seen.append((args, request.ptrack.age is not None, len(request.ptrack.pixel_id)))
from django.core.management import call_command
call_command("check")
from django.template import engines
from ptrack.testing import open_mail
open_mail(engines["django"].from_string("{% load ptrack %}{% ptrack 'a' %}").render())
assert seen == [(("a",), True, 32)]
print(*sorted(name.removeprefix("ptrack.") for name in sys.modules if name.startswith("ptrack.")))
print(*sorted({"django.tasks", "django_tasks", "crawleruseragents", "django.contrib.admin"} & set(sys.modules)))
"""


def test_a_site_that_uses_the_core_loads_the_core_alone():
    path = str(Path(ptrack.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {path!r}){CORE_SITE}"
    result = subprocess.run([sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True)
    assert result.stderr == ""
    modules, others = result.stdout.splitlines()[-2:]
    assert modules.split() == [
        *["_discovery", "_tracebacks", "_urlconf", "apps", "checks", "conf", "encoder", "exceptions", "hits"],
        *["hits.judgement", "hits.kinds", "hits.rules", "html", "templatetags", "templatetags.ptrack", "testing"],
        *["trackers", "urls", "views"],
    ]
    assert others == ""
