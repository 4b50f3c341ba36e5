from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import uuid
from datetime import UTC, date, datetime, timedelta
from importlib import reload
from pathlib import Path

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

import ptrack
from ptrack.background import DummyBackend, run_pixel
from ptrack.hits import Hit
from ptrack.opens import fields, pixels
from ptrack.opens.models import ARGUMENT_NAMES_MAX_LENGTH, Open, to_argument_names
from ptrack.testing import open_mail

from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db, pytest.mark.usefixtures("kept")]

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
)
COLUMNS = [field.name for field in Open._meta.get_fields() if field.name != "id"]


@pytest.fixture
def kept(no_pixels):
    """Let the app keep every hit."""
    ptrack.tracker.register(pixels.OpenPixel)


def the_row():
    return Open.objects.get()


def values_of(row):
    return {name: getattr(row, name) for name in COLUMNS}


def prune(*args):
    output = io.StringIO()
    call_command("ptrack_prune", *args, stdout=output)
    return output.getvalue()


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
    image = ptrack.pixel_img("welcome", 7, user=12, name="é")
    open_mail(image, user_agent="Thunderbird/128", REMOTE_ADDR="192.0.2.1")
    row = the_row()
    assert (row.args, row.kwargs) == (["welcome", 7], {"user": 12, "name": "é"})
    assert row.kind == "person"
    assert "Thunderbird" in row.reason
    assert before <= row.at <= timezone.now()
    assert before.replace(microsecond=0) <= row.issued_at <= row.at
    assert timedelta() <= row.age < timedelta(seconds=5)
    assert row.user_agent == "Thunderbird/128"
    assert row.address is None
    assert row.pixel_id == Hit(image.split("/")[4], {}, 0).pixel_id
    assert len(row.hit_id) == 32
    assert str(row) == f"person at {row.at:%Y-%m-%d %H:%M:%S}"


def test_opening_again_is_another_row_of_the_same_pixel():
    image = ptrack.pixel_img("a")
    for _ in range(3):
        open_mail(image, user_agent="Thunderbird")
    open_mail(ptrack.pixel_img("a"), user_agent="Thunderbird")
    rows = list(Open.objects.order_by("pk"))
    assert len({row.hit_id for row in rows}) == 4
    assert [row.pixel_id == rows[0].pixel_id for row in rows] == [True, True, True, False]
    assert [row.is_first for row in rows] == [True, False, False, True]


def test_the_first_open_is_the_first_hit_that_counts():
    image = ptrack.pixel_img("a")
    for agent in ("curl/8", "Mozilla/5.0", "Dalvik/2.1 (Android 9)", "YahooMailProxy", "Thunderbird"):
        open_mail(image, user_agent=agent)
    rows = Open.objects.order_by("pk").values_list("kind", "is_first")
    assert list(rows) == [
        ("scanner", False),
        ("prefetch", False),
        ("unknown", False),
        ("proxy", True),
        ("person", False),
    ]


def hit_request(meta=None, token="token", timestamp=1_790_000_000.5):
    request = RequestFactory().get("/", **(meta or {}))
    request.ptrack = Hit(token, request.META, timestamp)
    return request


def test_a_hit_that_is_kept_twice_is_one_row():
    request = hit_request({"HTTP_USER_AGENT": "Thunderbird"})
    for _ in range(2):
        Open.objects.record(request, ["a"], {})
    assert the_row().is_first
    scanner = hit_request({"HTTP_USER_AGENT": "curl/8"})
    for _ in range(2):
        Open.objects.record(scanner, ["a"], {})
    assert Open.objects.count() == 2


def test_a_token_may_not_say_when_it_was_rendered():
    Open.objects.record(hit_request(), [], {})
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
        ({"HTTP_USER_AGENT": "x" * 512}, "x" * 512),
        ({"HTTP_USER_AGENT": "x" * 600}, "x" * 512),
        ({"HTTP_USER_AGENT": "a\x00b\ud800"}, "a\ufffdb?"),
    ],
)
def test_any_user_agent_is_kept_up_to_a_length(sent, stored):
    Open.objects.record(hit_request(sent), [], {})
    assert the_row().user_agent == stored


@pytest.mark.parametrize("use_tz", [True, False])
def test_times_are_kept_with_and_without_time_zones(use_tz):
    with override_settings(USE_TZ=use_tz, TIME_ZONE="Asia/Tokyo"):
        Open.objects.record(hit_request(), [], {})
        at = the_row().at
    zone = UTC if use_tz else None
    assert at == datetime(2026, 9, 21, 14 if use_tz else 23, 13, 20, 500_000, tzinfo=zone)


# Arguments

SENT = [
    (["\x00", "\ud800", "\udfff\ud800", "\x1b", "\x1b0000", "\U0001f600", "é"], {"\x00": "\x00", "\ud800": "\x1b"}),
    ([True, False, 0, 2**80, -(2**63) - 1], {"": ""}),
    ([], {}),
    # Tokens of django-ptrack 3.0.0 may hold these.
    ([1.5, None, [1, {"a": "\x00"}], {"b": ["\ud800"]}], {"n": None}),
]


@pytest.mark.parametrize(("args", "kwargs"), SENT)
def test_arguments_come_back_as_they_were(args, kwargs):
    Open.objects.record(hit_request(), args, kwargs)
    assert (the_row().args, the_row().kwargs) == (args, kwargs)


def test_infinity_and_nan_are_kept_as_text():
    Open.objects.record(hit_request(), [float("inf"), float("-inf"), float("nan")], {})
    assert the_row().args == ["inf", "-inf", "nan"]


def test_arguments_of_a_custom_encoder_may_be_anything():
    key, day = uuid.UUID(int=7), date(2026, 11, 20)
    Open.objects.record(hit_request(), ("a", (1, 2)), {"key": key, "day": day, "odd": b"\x00"})
    assert (the_row().args, the_row().kwargs) == (["a", [1, 2]], {"key": str(key), "day": str(day), "odd": "b'\\x00'"})


@given(st.text(st.characters()))
@example("\x1b\x1b001b")
def test_escaped_text_comes_back(text):
    escaped = fields.escape(text)
    assert fields.unescape(escaped) == text
    assert "\x00" not in escaped
    escaped.encode()


def test_characters_outside_ascii_are_found_by_a_search():
    open_mail(ptrack.pixel_img("Frühling"))
    assert Open.objects.filter(args__icontains="früh").count() == 1


@pytest.mark.parametrize(
    ("args", "kwargs", "names"),
    [
        ([], {}, "[0]"),
        (["a", "b"], {"user": 1, "campaign": 2}, '[2, "campaign", "user"]'),
        ([], {"\x00é": 1}, '[0, "\\u0000\\u00e9"]'),
    ],
)
def test_the_names_of_arguments(args, kwargs, names):
    assert to_argument_names(args, kwargs) == names


def test_names_that_would_be_too_long_are_left_out():
    names = to_argument_names([], {f"name{number:03}": 1 for number in range(200)})
    assert ARGUMENT_NAMES_MAX_LENGTH - 12 < len(names) <= ARGUMENT_NAMES_MAX_LENGTH
    assert names.endswith('"]')
    assert to_argument_names([1], {"x" * 1000: 1}) == "[1]"
    open_mail(ptrack.pixel_img(**{f"name{number:03}": 1 for number in range(90)}))
    assert len(the_row().kwargs) == 90


# In the background


def test_a_worker_keeps_the_same_row(monkeypatch):
    in_process = pixels.OpenPixel
    # What is set before the module changes is what comes back after the test.
    monkeypatch.setattr(pixels, "OpenPixel", in_process)
    with override_settings(PTRACK_OPENS_IN_BACKGROUND=True, PTRACK_OPENS_KEEP_ADDRESS=True):
        ptrack.tracker.unregister(in_process)
        in_background = reload(pixels).OpenPixel
        ptrack.tracker.unregister(in_background)
        assert issubclass(in_background, ptrack.BackgroundPixel)

        token = ptrack.PtrackEncoder.encrypt("welcome", user=7)
        meta = {"HTTP_USER_AGENT": CHROME, "HTTP_SEC_PURPOSE": "prefetch", "REMOTE_ADDR": "192.0.2.1"}
        request = hit_request(meta, token, timezone.now().timestamp())
        Open.objects.record(request, ["welcome"], {"user": 7})
        expected = values_of(the_row())
        Open.objects.all().delete()

        with override_settings(TASKS={"default": {"BACKEND": f"{DummyBackend.__module__}.DummyBackend"}}):
            ptrack.tracker.register(in_background)
            ptrack.tracker.record(["welcome"], {"user": 7}, lambda: request)
            [queued] = run_pixel.get_backend().results
        assert not Open.objects.exists()
        for _ in range(2):
            queued.task.call(*queued.args)
        assert values_of(the_row()) == expected
        assert expected["kind"] == "prefetch"
        assert expected["address"] == "192.0.2.1"


# Retention


def keep_at(*ages):
    now = timezone.now()
    for number, age in enumerate(ages):
        Open.objects.record(hit_request({}, f"token{number}", (now - age).timestamp()), [number], {})


def test_old_hits_are_pruned():
    keep_at(timedelta(days=31), timedelta(days=30, minutes=1), timedelta(days=29, hours=23), timedelta())
    assert prune("--days", "30") == "Deleted 2 hits that were older than 30 days.\n"
    assert [row.args for row in Open.objects.order_by("at")] == [[2], [3]]
    assert "Deleted 0 hits" in prune("--days", "30")


def test_pruning_goes_in_batches():
    keep_at(*[timedelta(days=10)] * 7, timedelta())
    with CaptureQueriesContext(connection) as queries:
        output = prune("--days", "5", "--batch", "3", "--verbosity", "2")
    assert re.findall(r"\d+(?= hits)", output) == ["3", "6", "7", "7"]
    assert len([query for query in queries if query["sql"].startswith("DELETE")]) == 3
    assert the_row().args == [7]


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (["--days", "0"], "--days is 0"),
        (["--days", "-1"], "--days is -1"),
        (["--days", "9" * 9], "pass fewer days"),
        (["--days", "5", "--batch", "0"], "--batch is 0"),
        ([], "--days"),
        (["--days", "x"], "invalid int value"),
    ],
)
def test_pruning_refuses_what_makes_no_sense(args, fault):
    keep_at(timedelta(days=400))
    with pytest.raises(CommandError, match=fault):
        prune(*args)
    assert Open.objects.count() == 1


# The app


def test_the_migrations_are_complete():
    # The command exits with an error where a migration is missing.
    call_command("makemigrations", "ptrack_opens", check=True, dry_run=True, verbosity=0)


def test_its_label_does_not_clash_with_an_opens_app_of_the_site():
    config = apps.get_app_config("ptrack_opens")
    assert (config.name, config.label) == ("ptrack.opens", "ptrack_opens")
    assert apps.get_model("ptrack_opens", "Open") is Open


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
    path = str(Path(ptrack.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {path!r}){NEW_SITE}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environ)
    assert result.stderr == ""
    *_, welcome, total, modules = result.stdout.splitlines()
    assert re.fullmatch("welcome,1,[0-9],1,0,0,0,0,1", welcome)
    assert re.fullmatch("All,1,[0-9],1,0,0,0,0,1", total)
    assert modules == "False False"
