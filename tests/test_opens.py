"""The app ptrack.opens: which hits it keeps, and what of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from datetime import UTC, date, datetime
from importlib import reload
from pathlib import Path

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import call_command
from django.test import RequestFactory, override_settings
from django.urls import include, path
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

import ptrack
from ptrack.background import DummyBackend
from ptrack.hits import Hit
from ptrack.opens import fields, pixels, tasks
from ptrack.opens.models import ARGUMENT_NAMES_MAX_LENGTH, LinkHit, PixelHit
from ptrack.opens.rows import describe_hit, make_row, to_argument_names
from ptrack.testing import click_links, open_mail

from support import UrlConf, on_each_database

pytestmark = [on_each_database, pytest.mark.django_db, pytest.mark.usefixtures("kept")]

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
)
LINKS = {
    "ROOT_URLCONF": UrlConf(path("p/", include("ptrack.urls")), path("go/", include("ptrack.link_urls"))),
    "PTRACK_LINK_ALLOWED_HOSTS": ["www.example.com"],
}
SHOP = "https://www.example.com/shop/?size=42#new"


@pytest.fixture
def kept(no_pixels):
    """Let the app keep every hit."""
    ptrack.tracker.register(pixels.OpenPixel)
    ptrack.tracker.register(pixels.ClickLink)


def the_row(model=PixelHit):
    return model.objects.get()


def values_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_check_asks_for_ptrack_itself():
    def found():
        return [message for message in checks.run_checks(tags=["ptrack"]) if message.id == "ptrack.E005"]

    assert found() == []
    with override_settings(INSTALLED_APPS=["ptrack.opens"]):
        [message] = found()
    assert message.level == checks.ERROR
    assert "Add 'ptrack'" in message.hint


# Rows


def test_every_hit_is_a_row():
    before = timezone.now()
    image = ptrack.pixel_img("welcome", 7, user=12, name="é", ok=True)
    open_mail(image, user_agent="Thunderbird/128", REMOTE_ADDR="192.0.2.1", secure=True)
    row = the_row()
    assert (row.args, row.kwargs) == (["welcome", "7"], {"user": "12", "name": "é", "ok": "true"})
    assert (row.kind, row.rule) == ("person", "email-client")
    assert before <= row.at <= timezone.now()
    assert before.replace(microsecond=0) <= row.issued_at <= row.at
    assert row.age == row.at - row.issued_at
    assert row.user_agent == "Thunderbird/128"
    assert row.is_secure
    assert row.address is None
    assert row.pixel_id.hex == Hit(image.split("/")[4], {}, 0).pixel_id
    assert row.pk.version == 7
    assert str(row) == f"person at {timezone.localtime(row.at):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(("keeps_query", "stored"), [(False, "https://www.example.com/shop/"), (True, SHOP)])
def test_every_click_is_a_row(keeps_query, stored):
    with override_settings(**LINKS, PTRACK_OPENS_KEEP_QUERY=keeps_query):
        click_links(
            f'<a href="{ptrack.link_url(SHOP, "welcome", user=12)}">', user_agent=CHROME, sec_fetch_mode="navigate"
        )
    row = the_row(LinkHit)
    assert row.url == stored
    assert (row.args, row.kwargs, row.kind) == (["welcome"], {"user": "12"}, "person")
    assert not PixelHit.objects.exists()


def test_the_pixel_and_the_links_of_an_email_have_one_email_id():
    with override_settings(**LINKS):
        for user in (42, 43):
            open_mail(ptrack.pixel_img("news", user=user, name="a"))
            click_links(f'<a href="{ptrack.link_url(SHOP, "news", name="a", user=str(user))}">')
    emails = [{hit.kwargs["user"]: hit.email_id for hit in model.objects.all()} for model in (PixelHit, LinkHit)]
    assert emails[0] == emails[1]
    assert len(set(emails[0].values())) == 2


def test_the_headers_that_a_second_look_needs_are_kept_and_no_others():
    headers = {"HTTP_SEC_FETCH_MODE": "navigate", "HTTP_FROM": "bot@example.com", "HTTP_COOKIE": "a=b"}
    store(hit_request({**headers, "HTTP_X_REQUESTED_WITH": "x" * 300}), [], {})
    assert the_row().headers == {"Sec-Fetch-Mode": "navigate", "From": "", "X-Requested-With": "x" * 256}


def hit_request(meta=None, token="token", timestamp=1_790_000_000.5):
    request = RequestFactory().get("/", **(meta or {}))
    request.ptrack = Hit(token, request.META, timestamp)
    return request


def store(request, args, kwargs):
    pixels.keep("OpenPixel", describe_hit(request, args, kwargs))


def test_a_token_may_not_say_when_it_was_rendered():
    store(hit_request(), [], {})
    assert (the_row().issued_at, the_row().age) == (None, None)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::1"), ("", None), ("unix:", None), ("1.2.3", None)],
)
def test_the_remote_address_is_kept_if_the_site_asks_for_it(sent, stored):
    with override_settings(PTRACK_OPENS_KEEP_ADDRESS=True):
        open_mail(ptrack.pixel_img(), REMOTE_ADDR=sent)
    assert the_row().address == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({}, ""),
        ({"HTTP_USER_AGENT": "x" * 1024}, "x" * 1024),
        ({"HTTP_USER_AGENT": "x" * 1100}, "x" * 1024),
        ({"HTTP_USER_AGENT": "a\x00b\ud800"}, "a\x1b0000b\x1bd800"),
    ],
)
def test_any_user_agent_is_kept_up_to_a_length(sent, stored):
    store(hit_request(sent), [], {})
    assert the_row().user_agent == stored


@pytest.mark.parametrize("use_tz", [True, False])
def test_times_are_kept_with_and_without_time_zones(use_tz):
    with override_settings(USE_TZ=use_tz, TIME_ZONE="Asia/Tokyo"):
        store(hit_request(), [], {})
        at = the_row().at
    zone = UTC if use_tz else None
    assert at == datetime(2026, 9, 21, 14 if use_tz else 23, 13, 20, 500_000, tzinfo=zone)


# Arguments

SENT = [
    (["\x00", "\ud800", "\udfff\ud800", "\x1b", "\x1b0000", "\U0001f600", "é"], {"\x00": "\x00", "\ud800": "\x1b"}),
    ([], {}),
    ([""], {"": ""}),
]


@pytest.mark.parametrize(("args", "kwargs"), SENT)
def test_texts_come_back_as_they_were(args, kwargs):
    store(hit_request(), args, kwargs)
    assert (the_row().args, the_row().kwargs) == (args, kwargs)


def test_all_other_arguments_come_back_as_text():
    store(hit_request(), [True, False, 0, 2**80, -(2**63) - 1], {"a": 42})
    assert the_row().args == ["true", "false", "0", str(2**80), str(-(2**63) - 1)]
    assert the_row().kwargs == {"a": "42"}


def test_arguments_of_old_tokens_and_custom_encoders_may_be_anything():
    key, day = uuid.UUID(int=7), date(2026, 11, 20)
    store(hit_request(), (1.5, None, [1, {"a": "b"}], float("inf")), {"key": key, "day": day, "odd": b"\x00"})
    assert the_row().args == ["1.5", "null", '[1, {"a": "b"}]', "Infinity"]
    assert the_row().kwargs == {"key": str(key), "day": str(day), "odd": "b'\\x00'"}


@given(st.text(st.characters()))
@example("\x1b\x1b001b")
def test_escaped_text_comes_back(text):
    escaped = fields.escape(text)
    assert fields.unescape(escaped) == text
    assert "\x00" not in escaped
    escaped.encode()


@pytest.mark.parametrize(
    ("args", "kwargs", "names"),
    [
        ([], {}, "[0]"),
        (["a", "b"], {"user": 1, "campaign": 2}, '[2, "campaign", "user"]'),
        ([], {"\x00é": 1}, '[0, "\\u0000\\u00e9"]'),
        ([], {"Ab": 1, "\\A": 2}, '[0, "\\u0041b", "\\\\\\u0041"]'),
    ],
)
def test_the_names_of_arguments(args, kwargs, names):
    assert to_argument_names(args, kwargs) == names
    assert json.loads(names) == [len(args), *sorted(kwargs)]


def test_names_that_would_be_too_long_are_left_out():
    names = to_argument_names([], {f"name{number:03}": 1 for number in range(200)})
    assert ARGUMENT_NAMES_MAX_LENGTH - 12 < len(names) <= ARGUMENT_NAMES_MAX_LENGTH
    assert names.endswith('"]')
    assert to_argument_names([1], {"x" * 1000: 1}) == "[1]"
    open_mail(ptrack.pixel_img(**{f"name{number:03}": 1 for number in range(90)}))
    assert len(the_row().kwargs) == 90


# In the background


DUMMY = {"default": {"BACKEND": f"{DummyBackend.__module__}.DummyBackend"}}


@pytest.fixture
def queue(monkeypatch):
    """Let the app keep hits in the background, and return the list of the tasks' texts."""
    # What is set before the module changes is what comes back after the test.
    for name in ("OpenPixel", "ClickLink", "keep", "check"):
        monkeypatch.setattr(pixels, name, getattr(pixels, name))
    ptrack.tracker.restore({})
    with override_settings(PTRACK_OPENS_IN_BACKGROUND=True, PTRACK_OPENS_KEEP_ADDRESS=True, TASKS=DUMMY):
        reload(pixels)
        yield lambda: [result.args[0] for result in tasks.store_hit.get_backend().results]


def test_a_worker_keeps_the_same_row(queue):
    token = ptrack.PtrackEncoder.encrypt("welcome", user=7)
    meta = {"HTTP_USER_AGENT": CHROME, "HTTP_SEC_PURPOSE": "prefetch", "REMOTE_ADDR": "192.0.2.1"}
    request = hit_request(meta, token, timezone.now().timestamp())
    expected = values_of(make_row(describe_hit(request, ["welcome"], {"user": 7})))
    ptrack.tracker.record(["welcome"], {"user": 7}, lambda: request)
    [text] = queue()
    assert not PixelHit.objects.exists()
    for _ in range(2):
        tasks.store_hit.func(text)
    assert values_of(the_row()) == expected | {"first_possible_open_of": expected["pixel_id"]}
    assert (expected["kind"], expected["address"]) == ("prefetch", "192.0.2.1")


def test_in_the_queue_there_is_only_what_the_row_keeps(queue):
    with override_settings(**LINKS):
        image, link = ptrack.pixel_img("news"), ptrack.link_url(SHOP, "news")
        headers = {"HTTP_COOKIE": "session=1", "HTTP_FROM": "ann@example.com", "HTTP_REFERER": "https://ref.example/"}
        open_mail(image, **headers)
        click_links(f'<a href="{link}">', **headers)
    texts = queue()
    assert len(texts) == 2
    for secret in (image.split("/")[4], link.split("/")[4], "/go/", "session", "ann@", "ref.example", "size=42"):
        assert secret not in "".join(texts)


def test_consent_is_asked_again_in_the_worker(queue):
    open_mail(ptrack.pixel_img("news", user=7))
    [text] = queue()
    asked = []
    with override_settings(PTRACK_CONSENT=lambda *args, **kwargs: bool(asked.append((args, kwargs)))):
        tasks.store_hit.func(text)
    assert asked == [(("news",), {"user": 7})]
    assert not PixelHit.objects.exists()


def test_a_lookup_of_djangos_gives_one_argument():
    open_mail(ptrack.pixel_img("news", user="ann"))
    assert list(PixelHit.objects.values_list("kwargs__user", flat=True)) == ["ann"]


def test_what_ends_the_worker_is_not_logged_as_a_failure(queue, monkeypatch, caplog):
    open_mail(ptrack.pixel_img("news"))
    [text] = queue()

    def interrupt(row):
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks, "store", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tasks.store_hit.func(text)
    assert caplog.records == []


@pytest.mark.parametrize("args", [["a", (1, 2)], [float("nan")]])
def test_what_json_cannot_express_is_stored_at_once(queue, caplog, args):
    request = hit_request()
    ptrack.tracker.record(args, {}, lambda: request)
    assert queue() == []
    assert len(the_row().args) == len(args)
    assert "refused a hit of ptrack.opens.pixels.OpenPixel" in caplog.text


def test_a_check_looks_at_the_task_backend(queue):
    messages = [message for message in checks.run_checks(tags=["ptrack"]) if message.id == "ptrack.W005"]
    assert ["OpenPixel" in messages[0].msg, "ClickLink" in messages[1].msg] == [True, True]


def test_without_a_queue_there_is_nothing_to_check():
    assert [message for message in checks.run_checks(tags=["ptrack"]) if message.id == "ptrack.W005"] == []


# The app


def test_the_migrations_are_complete():
    # The command exits with an error where a migration is missing.
    call_command("makemigrations", "ptrack_opens", check=True, dry_run=True, verbosity=0)


def test_its_label_does_not_clash_with_an_opens_app_of_the_site():
    config = apps.get_app_config("ptrack_opens")
    assert (config.name, config.label) == ("ptrack.opens", "ptrack_opens")
    assert apps.get_model("ptrack_opens", "PixelHit") is PixelHit


NEW_SITE = """
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["ptrack", "ptrack.opens"], ROOT_URLCONF="new_site", PTRACK_SECRET="secret", ALLOWED_HOSTS=["*"],
    PTRACK_APP_URL="http://testserver", USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import sys, types
import django
django.setup()
from django.urls import include, path
sys.modules["new_site"] = types.ModuleType("new_site")
sys.modules["new_site"].urlpatterns = [path("p/", include("ptrack.urls"))]
from django.core.management import call_command
call_command("check")
call_command("migrate", verbosity=0)
import ptrack
from ptrack.testing import open_mail
open_mail(ptrack.pixel_img("welcome"), user_agent="Thunderbird")
call_command("ptrack_report", "--csv")
print("django.contrib.admin" in sys.modules, "ptrack.background" in sys.modules)
"""


def test_a_site_without_admin_and_task_engine_writes_no_code():
    checkout = str(Path(ptrack.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {checkout!r}){NEW_SITE}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environ)
    assert result.stderr == ""
    *_, welcome, total, modules = result.stdout.splitlines()
    assert re.fullmatch("welcome,1,1,0,0,[0-9],1,0,0,0,0,1", welcome)
    assert re.fullmatch("All,1,1,0,0,[0-9],1,0,0,0,0,1", total)
    assert modules == "False False"
