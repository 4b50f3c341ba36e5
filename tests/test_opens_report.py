"""What a report counts, on each database."""

from __future__ import annotations

import statistics
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ptrack.hits import HitKind
from ptrack.opens import report as reports
from ptrack.opens.arguments import Argument, default_argument, seen_arguments
from ptrack.opens.clicks import LinkGroup
from ptrack.opens.conditions import Condition
from ptrack.opens.report import make_report
from ptrack.opens.window import Window

from stored_hits import KINDS, NOON, NOVEMBER, click, keep
from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db]


def by_label(report):
    return {group.label: group for group in report.groups}


def counts(group):
    return [group.hits[HitKind(kind)] for kind in KINDS]


def test_an_empty_report():
    report = make_report(NOVEMBER, None)
    assert (report.groups, report.has_more) == ([], False)
    assert (report.total.opens, report.total.median_age, report.total.all_hits) == (0, None, 0)
    assert list(report.opens_by_date.values()) == [0] * 30


def test_each_kind_is_counted_and_opens_are_unique():
    for kind in KINDS:
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
            "kind": random.choice(KINDS),
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
        assert counts(group) == [sum(hit["kind"] == kind for hit in mine) for kind in KINDS]
        firsts = {}
        for hit in mine:
            if hit["kind"] in ("person", "proxy"):
                firsts.setdefault(hit["pixel"], hit)
        assert group.opens == len(firsts)
        ages = [hit["age"] for hit in firsts.values() if hit["age"] is not None]
        assert group.median_age.total_seconds() == pytest.approx(statistics.median(ages), rel=0.04)
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
    assert labels == {"7": 2, "true": 1, "é": 1, "(empty)": 1, "\\x00": 1, "a\\ud800": 1, "<b>": 1, "(none)": 1}


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
        assert Window.choose(days=1) == Window(datetime.now().date(), datetime.now().date())  # noqa: DTZ005


def test_a_window_of_days_ends_today():
    window = Window.choose(days=30)
    assert window.until == timezone.localdate()
    assert window.days == 30


@pytest.mark.parametrize(
    ("since", "until", "unit", "begins"),
    [
        (date(2026, 11, 1), date(2026, 11, 3), "day", [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]),
        (
            date(2026, 8, 1),
            date(2026, 11, 20),
            "week",
            [date(2026, 7, 27) + timedelta(days=7 * week) for week in range(17)],
        ),
        (
            date(2024, 11, 15),
            date(2026, 11, 20),
            "month",
            [date(2024 + (10 + n) // 12, (10 + n) % 12 + 1, 1) for n in range(25)],
        ),
        (date(2018, 3, 1), date(2026, 12, 1), "year", [date(year, 1, 1) for year in range(2018, 2027)]),
    ],
)
def test_long_windows_have_longer_units(since, until, unit, begins):
    keep(at=datetime.combine(until, time(12), UTC))
    report = make_report(Window(since, until), None)
    assert (report.unit, list(report.opens_by_date)) == (unit, begins)
    assert sum(report.opens_by_date.values()) == 1


class ZoneOnMars(ZoneInfo):
    """A time zone that no database knows."""

    def __str__(self):
        return "Mars/Phobos"


def test_without_the_time_zone_only_the_dates_are_left_out():
    if connection.vendor != "mysql":
        pytest.skip("Only MariaDB needs tables of time zones.")
    keep(campaign=9)
    with timezone.override(ZoneOnMars("Asia/Tokyo")):
        report = make_report(NOVEMBER, Argument("campaign"))
    assert report.opens_by_date is None
    assert [group.opens for group in (*report.groups, report.total)] == [1, 1]


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
        keep(number, pixel=str(number), campaign=number)
        click(number, campaign=number, url=f"https://shop.example/{number}")
    # One more for another list of names, and one because not all groups are listed.
    assert queries() <= few + 2 <= 12


def test_values_that_differ_in_case_and_blanks_are_told_apart_and_have_one_order():
    for number, value in enumerate(["b", "B", "a ", "a", "é", "e", "Ä", "10", "9", "😀", "ﬀ"]):
        keep(campaign=value, pixel=number)
        click(campaign=value, url=f"https://shop.example/{number}")
    keep(pixel="none")
    report = make_report(NOVEMBER, Argument("campaign"))
    assert [group.label for group in report.groups] == [
        "9",
        "10",
        "a",
        "a ",
        "B",
        "b",
        "e",
        "ﬀ",
        "Ä",
        "é",
        "😀",
        "(none)",
    ]
    assert [group.emails_clicked for group in report.groups] == [1] * 11 + [0]


def test_the_groups_that_are_listed_do_not_depend_on_the_database(monkeypatch):
    monkeypatch.setattr(reports, "MAX_GROUPS", 3)
    keep(pixel="none")
    for value in ("b", "B", "a", "A"):
        keep(campaign=value, pixel=value)
    report = make_report(NOVEMBER, Argument("campaign"))
    assert [group.value for group in report.groups] == ["A", "a", "B"]
    assert report.has_more


def test_possible_opens_are_pixels_without_those_that_only_scanners_requested():
    for pixel, kinds in {
        "a": ["prefetch", "person"],
        "b": ["unknown"],
        "c": ["scanner"],
        "d": ["prefetch"] * 2,
    }.items():
        for kind in kinds:
            keep(pixel=pixel, kind=kind, campaign=1)
    report = make_report(NOVEMBER, Argument("campaign"))
    assert [(group.opens, group.possible_opens) for group in (*report.groups, report.total)] == [(1, 3)] * 2


# Clicks


def test_clicks_are_emails():
    for reader, kinds in {1: ["person", "person", "unknown"], 2: ["unknown", "scanner"], 3: ["prefetch"]}.items():
        for kind in kinds:
            click(kind=kind, campaign=9, reader=reader)
    click(campaign=10, reader=1)
    report = make_report(NOVEMBER, Argument("campaign"))
    counted = {group.label: (group.emails_clicked, group.perhaps_clicked) for group in (*report.groups, report.total)}
    assert counted == {"9": (1, 1), "10": (1, 0), "All": (2, 1)}
    total = make_report(NOVEMBER, None).total
    assert (total.emails_clicked, total.perhaps_clicked) == (2, 1)


def test_a_reader_who_clicked_without_requesting_images_is_listed():
    keep(reader=1)
    click(reader=2)
    click(reader=2, kind="scanner")
    click(reader=3, kind="scanner")
    click()
    report = make_report(NOVEMBER, Argument("reader"))
    assert [(group.value, group.opens, group.emails_clicked) for group in report.groups] == [
        ("1", 1, 0),
        ("2", 0, 1),
        (None, 0, 1),
    ]


def test_the_clicks_of_listed_groups_are_not_left_out_for_those_of_others(monkeypatch):
    monkeypatch.setattr(reports, "MAX_GROUPS", 2)
    for value, opens, clicks in (("a", 3, 1), (None, 2, 1), ("c", 1, 3), ("d", 0, 4)):
        arguments = {} if value is None else {"campaign": value}
        for number in range(opens):
            keep(pixel=[value, number], reader=number, **arguments)
        for number in range(clicks):
            click(reader=number, **arguments)
    report = make_report(NOVEMBER, Argument("campaign"))
    assert [(group.value, group.opens, group.emails_clicked) for group in report.groups] == [("a", 3, 1), (None, 2, 1)]
    assert report.has_more
    assert report.total.emails_clicked == 9


def test_groups_with_clicks_alone_may_be_more_than_are_listed(monkeypatch):
    monkeypatch.setattr(reports, "MAX_GROUPS", 2)
    keep(reader="a")
    for reader in ("b", "c"):
        click(reader=reader)
    report = make_report(NOVEMBER, Argument("reader"))
    assert [group.value for group in report.groups] == ["a", "b"]
    assert report.has_more


def test_clicks_by_destination():
    for url, reader, kind in (
        ("https://shop.example/a", 1, "person"),
        ("https://shop.example/a", 1, "person"),
        ("https://shop.example/A", 1, "person"),
        ("https://shop.example/A", 2, "person"),
        ("https://shop.example/A", 3, "unknown"),
        ("https://shop.example/c", 3, "unknown"),
        ("https://shop.example/d", 1, "scanner"),
    ):
        click(url=url, kind=kind, reader=reader)
    assert make_report(NOVEMBER, None).links == [
        LinkGroup("https://shop.example/A", emails_clicked=2, perhaps_clicked=1, clicks=2),
        LinkGroup("https://shop.example/a", emails_clicked=1, perhaps_clicked=0, clicks=2),
        LinkGroup("https://shop.example/c", emails_clicked=0, perhaps_clicked=1, clicks=0),
    ]


# Conditions


@pytest.mark.parametrize("by", [None, Argument("campaign"), Argument("reader")])
def test_a_condition_narrows_everything(by):
    for number, campaign in enumerate(["9", "9", "09", "9 "]):
        keep(campaign=campaign, reader=number, pixel=number, age=10**number)
        click(campaign=campaign, reader=number, url=f"https://shop.example/{number}")
    report = make_report(NOVEMBER, by, Condition.parse("campaign=9"))
    assert (report.total.opens, report.total.emails_clicked, report.total.all_hits) == (2, 2, 2)
    assert report.total.median_age == timedelta(seconds=5.5)
    assert sum(report.opens_by_date.values()) == 2
    assert [link.url[-1] for link in report.links] == ["0", "1"]
    groups = {None: [], Argument("campaign"): ["9"], Argument("reader"): ["0", "1"]}[by]
    assert [group.value for group in report.groups] == groups


@pytest.mark.parametrize("value", ["a=b", "#&+%'\"", "é😀", "a\x00", "\ud800", " ", ""])
def test_a_condition_may_hold_any_characters(value):
    keep(value, campaign=value)
    keep("other", campaign="other", pixel="other")
    for argument in (Argument(0), Argument("campaign")):
        condition = Condition.parse(str(Condition(argument, value)))
        [group] = make_report(NOVEMBER, argument, condition).groups
        assert (group.value, group.opens) == (value, 1)


def test_a_condition_that_no_hit_meets():
    keep(campaign=9)
    report = make_report(NOVEMBER, Argument("campaign"), Condition.parse("campaign=10"))
    assert (report.groups, report.total.all_hits, report.links) == ([], 0, [])


# Arguments


@pytest.mark.parametrize(("keys", "default"), [([], None), ([0, 1], 0), ([0, "b", "a"], "b"), (["b"], "b")])
def test_the_default_argument_is_the_first_with_a_name(keys, default):
    assert default_argument(map(Argument, keys)) == (None if default is None else Argument(default))


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
