from __future__ import annotations

import csv
import io
import statistics
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from random import Random
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ptrack.hits import Hit, HitKind
from ptrack.opens import report as reports
from ptrack.opens.admin import OpenAdmin
from ptrack.opens.arguments import Argument, seen_arguments
from ptrack.opens.chart import make_chart
from ptrack.opens.models import Open
from ptrack.opens.report import make_report
from ptrack.opens.window import Window
from ptrack.opens.words import humanize_duration

from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db(databases=["default", "other"])]

AGENTS = {
    "person": "Thunderbird/128",
    "proxy": "YahooMailProxy",
    "prefetch": "Mozilla/5.0",
    "scanner": "curl/8.0",
    "unknown": "=cmd|' /C calc'!A0 (Android 9)",
}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = Window(date(2026, 11, 1), date(2026, 11, 30))
IN_NOVEMBER = {"since": "2026-11-01", "until": "2026-11-30"}
URL = "/admin/ptrack_opens/open/report/"
ADMIN_SITE = {
    "ROOT_URLCONF": "project.admin_urls",
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
}


class DatedHit(Hit):
    """A hit with a time of rendering that a test sets, whatever the token says."""

    issued_at = None


def keep(*args, kind="person", pixel="pixel", at=NOON, age=None, more=None, **kwargs):
    """Keep a hit, as the app's pixel does."""
    request = RequestFactory().get("/", headers={"User-Agent": AGENTS[kind]})
    request.ptrack = DatedHit(pixel, request.META, at.timestamp())
    request.ptrack.issued_at = None if age is None else at - timedelta(seconds=age)
    assert request.ptrack.kind == kind
    Open.objects.record(request, args, kwargs | (more or {}))


def by_label(report):
    return {group.label: group for group in report.groups}


def counts(group):
    return [group.hits[HitKind(kind)] for kind in AGENTS]


# Numbers


def test_an_empty_report():
    report = make_report(NOVEMBER, None)
    assert (report.groups, report.has_more) == ([], False)
    assert (report.total.opens, report.total.median_age, report.total.all_hits) == (0, None, 0)
    assert list(report.opens_by_date.values()) == [0] * 30


def test_each_kind_is_counted_and_opens_are_unique():
    for kind in AGENTS:
        for _ in range(2):
            keep(kind=kind, pixel="first", campaign="spring")
    keep(kind="scanner", pixel="second", campaign="spring")
    keep(kind="proxy", pixel="third", campaign="autumn")
    report = make_report(NOVEMBER, Argument("campaign"))
    spring, autumn = by_label(report)["spring"], by_label(report)["autumn"]
    assert (spring.opens, counts(spring), spring.all_hits) == (1, [2, 2, 2, 3, 2], 11)
    assert (autumn.opens, counts(autumn), autumn.all_hits) == (1, [0, 1, 0, 0, 0], 1)
    assert (report.total.opens, counts(report.total)) == (2, [2, 3, 2, 3, 2])


def test_the_numbers_are_those_that_plain_python_counts():
    random = Random(7)
    hits = []
    for number in range(400):
        hit = {
            "pixel": str(random.randrange(150)),
            "kind": random.choice(list(AGENTS)),
            "at": NOON - timedelta(minutes=number * 30),
            "age": random.choice([None, 3.0, random.randrange(3, 10**6)]),
        }
        campaign = f"c{int(hit['pixel']) % 4}"
        hits.append((campaign, hit))
        keep(campaign=campaign, **hit)
    report = make_report(NOVEMBER, Argument("campaign"))
    assert len(report.groups) == 4
    expected_by_date = dict.fromkeys(report.opens_by_date, 0)
    for label, group in by_label(report).items():
        mine = [hit for campaign, hit in hits if campaign == label]
        assert counts(group) == [sum(hit["kind"] == kind for hit in mine) for kind in AGENTS]
        firsts = {}
        for hit in mine:
            if hit["kind"] in ("person", "proxy"):
                firsts.setdefault(hit["pixel"], hit)
        assert group.opens == len(firsts)
        ages = [hit["age"] for hit in firsts.values() if hit["age"] is not None]
        assert group.median_age.total_seconds() == pytest.approx(statistics.median(ages), abs=1e-5)
        for hit in firsts.values():
            expected_by_date[timezone.localtime(hit["at"]).date()] += 1
    assert report.opens_by_date == expected_by_date
    assert sum(expected_by_date.values()) == report.total.opens
    assert [group.opens for group in report.groups] == sorted((group.opens for group in report.groups), reverse=True)


@pytest.mark.parametrize(
    ("ages", "median"),
    [([5], 5), ([1, 10], 5.5), ([1, 2, 60], 2), ([None, 4], 4), ([None], None), ([-7], 0)],
)
def test_the_median_time_to_open(ages, median):
    for number, age in enumerate(ages):
        keep("a", pixel=str(number), age=age)
    report = make_report(NOVEMBER, Argument(0))
    expected = None if median is None else timedelta(seconds=median)
    assert (report.total.median_age, report.groups[0].median_age) == (expected, expected)


def test_only_the_first_open_counts_for_the_time_to_open():
    keep("a", age=10)
    keep("a", age=10_000)
    keep("a", kind="scanner", age=1, pixel="other")
    assert make_report(NOVEMBER, None).total.median_age == timedelta(seconds=10)


def test_values_of_any_kind_are_labels():
    for number, value in enumerate(["7", 7, True, "é", "", "\x00", "a\ud800", "<b>"]):
        keep(value, pixel=str(number))
    keep(pixel="none")
    labels = {group.label: group.opens for group in make_report(NOVEMBER, Argument(0)).groups}
    assert labels == {"7": 2, "true": 1, "é": 1, "": 1, "\\x00": 1, "a\\ud800": 1, "<b>": 1, "(none)": 1}


def test_the_window_includes_its_last_day_in_the_current_time_zone():
    keep("in", pixel="1", at=datetime(2026, 11, 10, 14, 59, 59, tzinfo=UTC))
    keep("out", pixel="2", at=datetime(2026, 11, 10, 15, tzinfo=UTC))
    day = Window(date(2026, 11, 10), date(2026, 11, 10))
    with timezone.override("Asia/Tokyo"):
        report = make_report(day, Argument(0))
    assert list(by_label(report)) == ["in"]
    assert report.opens_by_date == {date(2026, 11, 10): 1}
    assert make_report(day, Argument(0)).total.opens == 2


def test_a_window_without_time_zones():
    with override_settings(USE_TZ=False):
        keep("a", at=datetime(2026, 11, 10, 23, 59, tzinfo=timezone.get_default_timezone()))
        report = make_report(NOVEMBER, None)
        assert report.opens_by_date[date(2026, 11, 10)] == 1
        assert Window.of_days(1) == Window(datetime.now().date(), datetime.now().date())  # noqa: DTZ005


def test_a_window_of_days_ends_today():
    window = Window.of_days(30)
    assert window.until == timezone.localdate()
    assert window.days == 30


@pytest.mark.parametrize(
    ("since", "until", "begins"),
    [
        (date(2026, 11, 1), date(2026, 11, 3), [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]),
        (date(2026, 8, 1), date(2026, 11, 20), [date(2026, 7, 27) + timedelta(days=7 * week) for week in range(17)]),
        (
            date(2024, 11, 15),
            date(2026, 11, 20),
            [date(2024 + (10 + n) // 12, (10 + n) % 12 + 1, 1) for n in range(25)],
        ),
    ],
)
def test_long_windows_are_shown_by_week_and_by_month(since, until, begins):
    keep()
    by_date = make_report(Window(since, until), None).opens_by_date
    assert list(by_date) == begins
    assert sum(by_date.values()) == (1 if until >= NOON.date() else 0)


def test_only_the_groups_with_the_most_opens_are_listed(monkeypatch):
    monkeypatch.setattr(reports, "MAX_GROUPS", 2)
    for value, pixels in (("a", 1), ("b", 3), ("c", 2)):
        for pixel in range(pixels):
            keep(value, pixel=f"{value}{pixel}", age=pixels)
    report = make_report(NOVEMBER, Argument(0))
    assert [(group.label, group.opens) for group in report.groups] == [("b", 3), ("c", 2)]
    assert [group.median_age.total_seconds() for group in report.groups] == [3, 2]
    assert report.has_more
    assert report.total.opens == 6


@pytest.mark.parametrize("by", [None, Argument(0), Argument("campaign")])
def test_the_number_of_queries_does_not_grow(by):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            seen_arguments()
            make_report(NOVEMBER, by)
        return len(captured)

    keep("a", campaign=0)
    few = queries()
    for number in range(130):
        keep(number, pixel=str(number), campaign=number, **{f"other{number}": 1})
    assert queries() == few <= 7


# Arguments


def test_the_arguments_are_those_of_the_stored_hits():
    assert seen_arguments() == []
    keep("a", "b", campaign=1)
    keep(user=2, pixel="2")
    keep("a", campaign=2, pixel="3", é=1)
    assert seen_arguments() == [Argument(0), Argument(1), *map(Argument, ["campaign", "user", "é"])]
    assert [str(argument) for argument in seen_arguments()] == ["argument 1", "argument 2", "campaign", "user", "é"]


def test_names_that_no_template_can_give_are_not_offered():
    keep(more={"a'b\"": 2, "\x00": 3, "$.a": 4, "": 5, "\ud800": 6})
    assert seen_arguments() == []


@pytest.mark.parametrize("name", ["campaign", "é", "kind", "pk", "x__y", "_", "1st", "0", "1_0", "٣"])
def test_hits_are_grouped_by_any_name(name):
    keep("first", more={name: "value"})
    assert seen_arguments() == [Argument(0), Argument(name)]
    [group] = make_report(NOVEMBER, Argument(name)).groups
    assert (group.label, group.opens) == ("value", 1)
    assert by_label(make_report(NOVEMBER, Argument(0))).keys() == {"first"}


@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_of_any_size_are_told_apart(sign):
    numbers = [sign * (2**64 + 1), sign * (2**64 + 2), sign * 10**40, sign * (2**63 - 1), sign * 70]
    for number in numbers:
        keep(number, pixel=str(number), named=number)
    for by in (Argument(0), Argument("named")):
        labels = {group.label: group.opens for group in make_report(NOVEMBER, by).groups}
        assert labels == {str(number): 1 for number in numbers}


def test_connections_to_other_databases_are_left_alone():
    # This object has nothing but a name, so any use of it as a connection to SQLite would fail.
    connection_created.send(None, connection=SimpleNamespace(vendor="mysql"))


# Words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "-"),
        (0, "0 s"),
        (0.6, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3 * 3600 + 20 * 60 + 5, "3 h 20 min"),
        (3600, "1 h"),
        (3605, "1 h"),
        (86_400 * 400 + 3600, "400 d 1 h"),
    ],
)
def test_a_length_of_time_in_words(seconds, words):
    assert humanize_duration(None if seconds is None else timedelta(seconds=seconds)) == words


# The chart


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (11, 12), (99, 100), (101, 120), (123_456, 140_000)]
)
def test_the_axis_of_the_chart_has_round_numbers(most, top):
    chart = make_chart({date(2026, 11, 1): most})
    assert [tick.label for tick in chart.counts] == [0, top // 2, top]
    [bar] = chart.bars
    assert bar.height == pytest.approx((chart.base - 16) * most / top)
    assert bar.y + bar.height == pytest.approx(chart.base)


@pytest.mark.parametrize("days", [0, 1, 8, 9, 100])
def test_the_chart_stays_in_its_frame_and_its_labels_apart(days):
    chart = make_chart({date(2026, 1, 1) + timedelta(days=day): day for day in range(days)})
    assert len(chart.bars) == days
    assert all(chart.left <= bar.x and bar.x + bar.width <= chart.right for bar in chart.bars)
    assert len(chart.dates) <= 8
    positions = [tick.position for tick in chart.dates]
    assert all(after - before >= 60 for before, after in pairwise(positions))


# The command


def command(*args):
    output = io.StringIO()
    call_command("ptrack_report", *args, stdout=output)
    return output.getvalue()


def command_in_november(*args):
    return command("--since", "2026-11-01", "--until", "2026-11-30", *args)


def test_the_command_prints_a_table():
    keep("welcome", pixel="1", age=3 * 3600)
    keep("welcome", pixel="1", kind="scanner")
    keep("bye", pixel="2", kind="proxy")
    assert command_in_november().splitlines() == [
        "Hits from 2026-11-01 to 2026-11-30",
        "",
        "argument 1  unique opens  median time to open  person  proxy  prefetch  scanner  unknown  all hits",
        "bye                    1                    -       0      1         0        0        0         1",
        "welcome                1                  3 h       1      0         0        1        0         2",
        "All                    2                  3 h       1      1         0        1        0         3",
    ]


def test_the_command_prints_csv():
    keep(campaign="=1+1", age=90.4)
    assert command_in_november("--csv", "--by", "campaign").splitlines() == [
        "campaign,unique opens,median time to open in seconds,person,proxy,prefetch,scanner,unknown,all hits",
        "'=1+1,1,90,1,0,0,0,0,1",
        "All,1,90,1,0,0,0,0,1",
    ]


@pytest.mark.parametrize("by", ["2", "campaign", "=campaign"])
def test_the_command_groups_by_a_name_or_a_number(by):
    keep("a", "b", campaign="b")
    assert "\nb " in command_in_november("--by", by)


def test_the_command_covers_thirty_days_unless_it_is_told_otherwise():
    today = timezone.localdate()
    for days in (0, 29, 30, 40):
        noon = datetime.combine(today - timedelta(days=days), time(12))
        keep("a", pixel=str(days), at=timezone.make_aware(noon))
    assert [command(*args).splitlines()[-1].split()[1] for args in ([], ["--days", "35"], ["--days", "1"])] == [
        "2",
        "3",
        "1",
    ]
    until = str(today - timedelta(days=20))
    assert command("--until", until).splitlines()[-1].split()[1] == "3"


def test_the_command_without_hits():
    assert command().splitlines()[-1].split() == ["All", "0", "-", *["0"] * 6]


def test_the_command_says_that_there_are_more_groups(monkeypatch):
    monkeypatch.setattr(reports, "MAX_GROUPS", 1)
    keep("a")
    keep("b", pixel="2")
    assert "with the most unique opens" in command_in_november()


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (["--by", "no"], "'no'. Choose one of these: 1, campaign"),
        (["--days", "0"], "--days is 0"),
        (["--days", "9" * 9], "--days is 999999999"),
        (["--days", "3", "--since", "2026-11-01"], "--days does not go together"),
        (["--since", "2026-11-02", "--until", "2026-11-01"], "choose a later last day"),
        (["--since", "0001-01-01"], "choose days from"),
        (["--until", "9999-12-31"], "choose days from"),
        (["--until", "0001-01-01"], "--until is 0001-01-01"),
        (["--since", "yesterday"], "'yesterday' is not a date"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(args, fault):
    keep("a", campaign="b")
    with pytest.raises(CommandError, match=fault):
        command(*args)


def test_the_command_says_that_there_are_no_arguments():
    with pytest.raises(CommandError, match="these: none"):
        command("--by", "campaign")


# The admin


@pytest.fixture
def site():
    with override_settings(**ADMIN_SITE):
        yield


@pytest.fixture
def visitor(site):
    """A client of a member of the staff who may look at hits."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_open"))
    client = Client()
    client.force_login(user)
    return client


class Page(HTMLParser):
    def __init__(self, response):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag, **attributes):
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]


def page(client, **parameters):
    response = client.get(URL, {**IN_NOVEMBER, **parameters})
    assert response.status_code == 200
    return Page(response)


def test_stored_hits_are_called_hits(visitor):
    index = Page(visitor.get("/admin/"))
    assert "Hits" in index.words
    assert "Opens" not in index.words
    assert str(Permission.objects.get(codename="view_open")).endswith("Can view hit")


def test_the_report_is_linked_from_the_list(visitor):
    found = Page(visitor.get(reverse("admin:ptrack_opens_open_changelist")))
    assert found.all("a", href=URL)
    assert reverse("admin:ptrack_opens_open_report") == URL


def test_the_page_shows_the_numbers_of_the_report(visitor):
    keep("welcome", age=7200)
    keep("welcome", kind="scanner", pixel="2")
    found = page(visitor)
    cells = [word.strip() for word in found.words if word.strip()]
    start = cells.index("welcome")
    assert cells[start : start + 9] == ["welcome", "1", "2 h", "1", "0", "0", "1", "0", "2"]
    assert len(found.all("rect")) == 30
    assert {tag for tag, _ in found.tags} >= {"svg", "table", "caption", "form", "details"}


def test_the_page_needs_no_script_and_nothing_from_elsewhere(visitor):
    keep("<script>alert(1)</script>", "</svg>", campaign="<img src=x>")
    for by in ("1", "2", "=campaign"):
        response = visitor.get(URL, {**IN_NOVEMBER, "by": by})
        content = response.content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        for tag, attributes in Page(response).tags:
            assert not [
                value for name, value in attributes.items() if name in ("src", "href") and "//" in (value or "")
            ]
            assert not [name for name in attributes if name.startswith("on")], tag


def test_the_argument_is_chosen_among_those_of_the_hits(visitor):
    keep("welcome", campaign="spring")
    options = page(visitor).all("option")
    assert [option["value"] for option in options] == ["", "1", "=campaign"]
    assert "spring" in page(visitor, by="=campaign").words
    for by in ("campaign", "=kind", "=campaign__regex", "9", "-1", "\x00", "pk", "=" * 5000):
        found = page(visitor, by=by)
        assert "spring" not in found.words
        assert found.all("ul", **{"class": "errorlist"}), by
    assert "All" not in page(visitor, by="").words


@pytest.mark.parametrize(
    "parameters",
    [
        {"since": "junk"},
        {"since": "2026-11-30", "until": "2026-11-01"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"until": "9999-12-31"},
        {"since": ""},
    ],
)
def test_the_page_names_what_is_wrong_with_a_window(visitor, parameters):
    keep("a", at=timezone.now())
    found = page(visitor, **parameters)
    assert found.all("ul", **{"class": "errorlist"}) or found.all("ul", **{"class": "errorlist nonfield"})
    assert found.all("svg")


def test_the_window_is_thirty_days_at_first(visitor):
    now = timezone.now()
    keep("in", at=now)
    keep("out", pixel="2", at=now - timedelta(days=31))
    found = Page(visitor.get(URL))
    assert "in" in found.words
    assert "out" not in found.words


def rows_of(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="ptrack-')
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


def test_the_report_as_csv(visitor):
    keep("-welcome", age=61)
    rows = rows_of(visitor.get(URL, {**IN_NOVEMBER, "format": "report"}))
    assert rows[1:] == [["'-welcome", "1", "61", "1", *["0"] * 4, "1"], ["All", "1", "61", "1", *["0"] * 4, "1"]]
    assert len(rows[0]) == len(rows[1])


def test_the_hits_as_csv_are_no_formulas(visitor):
    keep("welcome", kind="unknown", age=61, campaign="é\x00\ud800")
    keep(pixel="elsewhere", at=NOON - timedelta(days=60))
    headings, row = rows_of(visitor.get(URL, {**IN_NOVEMBER, "format": "hits"}))
    found = dict(zip(headings, row, strict=True))
    assert found["user agent"] == "'=cmd|' /C calc'!A0 (Android 9)"
    assert found["time of request"] == "2026-11-20 12:00:00+00:00"
    assert found["time to open in seconds"] == "61"
    assert (found["args"], found["kwargs"]) == ('["welcome"]', '{"campaign": "é\\u0000\\ud800"}')
    assert (found["kind"], found["remote address"]) == ("unknown", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r", "＝", "＠"])  # noqa: RUF001
def test_no_cell_is_a_formula(visitor, start):
    keep(start + "1")
    cell = rows_of(visitor.get(URL, {**IN_NOVEMBER, "format": "report"}))[1][0]
    assert not cell.lstrip().startswith(tuple("=+-@＝＠\t\r"))  # noqa: RUF001


def test_no_cell_is_a_formula_where_semicolons_separate_them(visitor):
    keep('a;=1;b; -2;c;"=3')
    cell = rows_of(visitor.get(URL, {**IN_NOVEMBER, "format": "report"}))[1][0]
    assert cell == """a;'=1;b;' -2;c;'"=3"""


def test_the_links_to_csv_keep_the_window_and_the_argument(visitor):
    keep("a", campaign="spring")
    links = [link["href"] for link in page(visitor, by="=campaign").all("a") if "format=" in link.get("href", "")]
    assert len(links) == 2
    assert rows_of(visitor.get(URL + links[0]))[1][0] == "spring"
    assert len(rows_of(visitor.get(URL + links[1]))) == 2


@pytest.mark.parametrize("wanted", ["hits", "report"])
@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"since": "2026-11-02", "until": "2026-11-01"}, "choose a later last day"),
        ({"since": "yesterday"}, "Enter a valid date"),
        ({"by": "=absent"}, "Select a valid choice"),
    ],
)
def test_a_bad_choice_gets_the_page_and_no_file(visitor, wanted, parameters, fault):
    response = visitor.get(URL, {**IN_NOVEMBER, **parameters, "format": wanted})
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert fault in response.rendered_content


@pytest.mark.parametrize("parameters", [{}, {"format": "hits"}, {"format": "report"}])
def test_the_report_is_behind_the_view_permission(site, parameters):
    client = Client()
    assert client.get(URL, parameters).status_code == 302
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.get(URL, parameters).status_code == 403


def test_hits_cannot_be_changed_in_the_admin(visitor):
    keep("welcome", "\ud800\x00", campaign="spring", age=60)
    hit = Open.objects.get()
    listed = visitor.get("/admin/ptrack_opens/open/")
    assert "welcome&quot; &quot;\\ud800\\x00&quot; campaign=&quot;spring&quot;" in listed.content.decode().replace(
        "\\u0000", "\\x00"
    )
    detail = visitor.get(f"/admin/ptrack_opens/open/{hit.pk}/change/")
    assert hit.hit_id in detail.content.decode()
    admin = Client()
    admin.force_login(User.objects.create_superuser("admin"))
    for client in (visitor, admin):
        assert client.get("/admin/ptrack_opens/open/add/").status_code == 403
        assert client.get(f"/admin/ptrack_opens/open/{hit.pk}/delete/").status_code == 403
        assert client.post(f"/admin/ptrack_opens/open/{hit.pk}/change/", {"kind": "scanner"}).status_code == 403
    assert Open.objects.get().kind == "person"


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "spring"}, True),
        ({"q": "autumn"}, False),
        ({"q": "Thunder"}, True),
        ({"kind__exact": "person"}, True),
        ({"kind__exact": "proxy"}, False),
        ({"at__year": "2026", "at__month": "11", "at__day": "20"}, True),
        ({"at__year": "2026", "at__month": "11", "at__day": "21"}, False),
    ],
)
def test_the_list_is_searched_and_filtered(visitor, parameters, found):
    keep("welcome", campaign="spring")
    response = visitor.get("/admin/ptrack_opens/open/", parameters)
    assert (b"Thunderbird/128" in response.content) is found


@pytest.mark.parametrize(
    ("value", "term"),
    [
        ("grüße 😀", "grüße"),
        ("a back\\slash", "back\\slash"),
        ('say "hi"', "'say \"hi\"'"),
        ("a\ttab", "'a\ttab'"),
        ("100%", "100%"),
    ],
)
def test_arguments_of_any_characters_are_found(value, term):
    keep(value)
    keep("a back/slash, say hi, a tab, 1000, half", pixel="other")
    found = OpenAdmin(Open, admin.site).get_search_results(None, Open.objects.all(), term)[0]
    assert [hit.args for hit in found] == [[value]]
