"""Rates of the report, on each database."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import gettext_lazy

from ptrack.opens import report as reports
from ptrack.opens.arguments import Argument
from ptrack.opens.conditions import Condition
from ptrack.opens.notes import notes_of
from ptrack.opens.report import make_report
from ptrack.opens.window import Window

from stored_hits import NOON, NOVEMBER, click, keep
from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db]

CAMPAIGN = Argument("campaign")
DAY = 86_400


def sent(answer):
    """Let the site say how many emails it sent: a mapping, or a callable of no arguments that returns one."""
    return override_settings(PTRACK_OPENS_SENT=lambda *args: answer() if callable(answer) else answer)


def asked(numbers=()):
    """Let the site name numbers of emails, by default none. Return the context and the list of what it was asked."""
    questions = []

    def answer(argument, values, since, until):
        questions.append((argument, values, since, until))
        return dict(numbers)

    return override_settings(PTRACK_OPENS_SENT=answer), questions


def keep_campaign():
    """Store the hits of campaign 9: five readers, three perhaps, and three who clicked; and one of campaign 10."""
    for reader in range(5):
        keep(kind="proxy", pixel=reader, reader=reader, campaign=9, age=60)
        keep(kind="scanner", pixel=reader, reader=reader, campaign=9, age=60)
    for reader, kind in ((5, "prefetch"), (6, "unknown"), (7, "prefetch")):
        keep(kind=kind, pixel=reader, reader=reader, campaign=9, age=60)
    keep(kind="scanner", pixel=8, reader=8, campaign=9, age=60)
    for reader in range(3):
        click(reader=reader, campaign=9, age=60)
    click(reader=2, campaign=9, url="https://shop.example/2", age=60)
    keep(pixel="other", reader=0, campaign=10, age=60)


def by_value(report):
    return {group.value: group for group in report.groups}


def test_rates_are_a_range():
    keep_campaign()
    with sent({"9": 20}):
        report = make_report(NOVEMBER, CAMPAIGN)
    nine, ten = by_value(report)["9"], by_value(report)["10"]
    assert (nine.sent, nine.open_rate, nine.click_rate, nine.remark) == (20, (0.25, 0.4), 0.15, "")
    assert (ten.sent, ten.open_rate, ten.click_rate) == (None, None, None)
    assert ten.remark
    [problem] = report.problems
    assert "no rate for 10" in problem
    assert report.has_rates
    assert (report.total.sent, report.total.open_rate, report.total.click_rate) == (None, None, None)


def test_without_the_setting_there_are_no_rates():
    keep_campaign()
    report = make_report(NOVEMBER, CAMPAIGN)
    assert (report.has_rates, report.by_rendering, report.problems) == (False, False, [])
    assert all(group.open_rate is None and not group.remark for group in report.groups)


# What is counted


def test_hits_count_for_the_day_on_which_their_email_was_rendered():
    late = datetime(2026, 12, 24, tzinfo=UTC)
    keep("in", pixel="in", at=late, age=30 * DAY)
    click("in", at=late, age=30 * DAY)
    keep("out", pixel="out", at=NOON, age=30 * DAY)
    click("out", at=NOON, age=30 * DAY)
    arrived = make_report(NOVEMBER, Argument(0))
    assert (arrived.by_rendering, [group.value for group in arrived.groups]) == (False, ["out"])
    with sent({"in": 1, "out": 1}):
        rendered = make_report(NOVEMBER, Argument(0))
    assert (rendered.by_rendering, rendered.has_rates) == (True, True)
    [first, second] = rendered.groups
    assert (first.value, first.opens, first.emails_clicked) == ("in", 1, 1)
    assert (second.value, second.opens, second.emails_clicked, second.sent) == ("out", 0, 0, 1)
    assert {day: opens for day, opens in rendered.opens_by_date.items() if opens} == {date(2026, 11, 23): 1}
    assert rendered.total.median_age == timedelta(days=30)


def test_a_hit_may_seem_to_arrive_a_little_before_its_email_was_rendered():
    begin = datetime(2026, 11, 1, tzinfo=timezone.get_default_timezone())
    keep("a", at=begin - timedelta(hours=1), age=-7200)
    with sent({}):
        assert make_report(NOVEMBER, None).total.opens == 1


def test_hits_without_a_time_of_rendering_are_left_out_and_counted():
    keep(pixel=1, campaign=9, age=60)
    for number in range(3):
        keep(pixel=f"untimed {number}", kind="scanner", campaign=number)
    click(campaign=9)
    keep(pixel="earlier", at=NOON - timedelta(days=30))
    assert make_report(NOVEMBER, CAMPAIGN).untimed == 0
    with sent({"9": 1}):
        report = make_report(NOVEMBER, CAMPAIGN)
        assert (report.untimed, report.total.all_hits, report.total.emails_clicked) == (4, 1, 0)
        assert make_report(NOVEMBER, CAMPAIGN, Condition.parse("campaign=2")).untimed == 1


@pytest.mark.parametrize("use_tz", [True, False])
def test_without_time_zones_emails_are_found_too(use_tz):
    setting, questions = asked()
    with setting, override_settings(USE_TZ=use_tz, TIME_ZONE="Asia/Tokyo"):
        keep(campaign=9, at=datetime(2026, 11, 9, 15, 1, tzinfo=UTC), age=60)
        keep(campaign=10, pixel="2", at=datetime(2026, 11, 9, 15, 1, tzinfo=UTC), age=62)
        day = Window(date(2026, 11, 10), date(2026, 11, 10))
        assert [group.value for group in make_report(day, CAMPAIGN).groups] == ["9"]
    [(_, _, since, until)] = questions
    assert since == datetime(2026, 11, 9, 15, tzinfo=UTC)
    assert until == since + timedelta(days=1)


# What the site is asked


def test_the_site_is_asked_once_for_the_values_that_are_listed(monkeypatch):
    monkeypatch.setattr(reports, "MAX_GROUPS", 3)
    for number, value in enumerate(["a\x00", "b", "c", "d"]):
        for count in range(number, 4):
            keep(campaign=value, pixel=[number, count], age=60)
    setting, questions = asked()
    with setting:
        make_report(NOVEMBER, CAMPAIGN)
    [(argument, values, since, until)] = questions
    assert (argument, values) == ("campaign", ["a\x00", "b", "c"])
    assert timezone.localtime(since).date() == date(2026, 11, 1)
    assert timezone.localtime(until).date() == date(2026, 12, 1)
    assert since.tzinfo
    assert until.tzinfo


@pytest.mark.parametrize(("argument", "name"), [(Argument(0), 1), (Argument(1), 2), (Argument("2"), "2")])
def test_the_argument_is_a_name_or_a_position(argument, name):
    keep("a", "b", more={"2": "c"}, age=60)
    setting, questions = asked()
    with setting:
        make_report(NOVEMBER, argument)
    [(argument, *_)] = questions
    assert (argument, type(argument)) == (name, type(name))


def test_hits_without_the_argument_have_no_rate():
    keep(age=60)
    setting, questions = asked({"9": 1})
    with setting:
        report = make_report(NOVEMBER, CAMPAIGN)
    assert questions[0][1] == []
    group = by_value(report)[None]
    assert (group.value, group.sent) == (None, None)
    assert group.remark
    assert report.problems == []


@pytest.mark.parametrize(
    ("by", "where", "rates"),
    [
        (None, None, False),
        (CAMPAIGN, None, True),
        (CAMPAIGN, "campaign=9", True),
        (CAMPAIGN, "reader=1", False),
        (Argument(0), "campaign=9", False),
        (Argument(0), "1=a", True),
    ],
)
def test_the_site_is_asked_only_if_it_can_know(by, where, rates):
    keep("a", campaign=9, reader=1, age=60)
    setting, questions = asked({"9": 1})
    with setting:
        report = make_report(NOVEMBER, by, where and Condition.parse(where))
    assert (report.has_rates, len(questions)) == (rates, rates)
    assert report.by_rendering


def test_there_are_no_rates_by_an_argument_of_which_the_site_knows_nothing():
    keep(campaign=9, age=60)
    with sent({}):
        report = make_report(NOVEMBER, CAMPAIGN)
        assert "names no numbers of emails by campaign" in " ".join(notes_of(report))
    assert (report.has_rates, report.problems) == (False, [])
    assert [(group.value, group.remark) for group in report.groups] == [("9", "")]


@pytest.mark.parametrize(("days", "rates"), [(29, False), (30, True)])
def test_there_are_no_rates_where_hits_are_deleted(days, rates):
    keep(campaign=9, age=60)
    with sent({"9": 20}), override_settings(PTRACK_OPENS_KEEP_DAYS=days):
        report = make_report(Window.choose(), CAMPAIGN)
        assert ("choose a first day from" in " ".join(notes_of(report))) is not rates
    assert report.has_rates is rates


def test_a_value_without_hits_is_listed_with_zeros():
    keep(campaign="9", age=60)
    with sent({"9": 2, 10: 3, "a\x00": 0}):
        report = make_report(NOVEMBER, CAMPAIGN)
    rows = [
        (group.label, group.value, group.opens, group.all_hits, group.sent, group.open_rate) for group in report.groups
    ]
    assert rows == [
        ("9", "9", 1, 1, 2, (0.5, 0.5)),
        ("10", "10", 0, 0, 3, (0, 0)),
        ("a\\x00", "a\x00", 0, 0, 0, None),
    ]
    assert report.groups[2].remark
    assert (report.problems, report.has_more) == ([], False)


def test_with_a_condition_other_values_are_not_listed():
    keep(campaign=9, age=60)
    with sent({"9": 2, "10": 3}):
        report = make_report(NOVEMBER, CAMPAIGN, Condition.parse("campaign=9"))
        assert [(group.value, group.sent) for group in report.groups] == [("9", 2)]
        report = make_report(NOVEMBER, CAMPAIGN, Condition.parse("campaign=10"))
        assert [(group.value, group.sent) for group in report.groups] == [("10", 3)]


def test_the_site_is_asked_for_the_value_of_the_condition_too():
    setting, questions = asked()
    with setting:
        make_report(NOVEMBER, CAMPAIGN, Condition.parse("campaign=11"))
        keep(campaign=11, age=60)
        make_report(NOVEMBER, CAMPAIGN, Condition.parse("campaign=11"))
    assert [values for _, values, *_ in questions] == [["11"], ["11"]]


def test_values_are_what_the_tag_would_write_of_them():
    key, day = uuid.UUID(int=7), date(2026, 11, 20)
    for pixel, campaign in enumerate([str(key), str(day), "9", "spring"]):
        keep(campaign=campaign, pixel=pixel, age=60)
    # None stands for emails without a campaign.
    with sent({key: 2, day: 2, Decimal(9): 2, gettext_lazy("spring"): 2, None: 2}):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert [(group.sent, group.open_rate) for group in report.groups] == [(2, (0.5, 0.5))] * 4
    assert report.problems == []


@pytest.mark.parametrize(("readers", "listed"), [(1, ["0", "a", "b"]), (3, ["0", "1", "2"]), (4, ["0", "1", "2"])])
def test_values_without_hits_take_only_the_room_that_is_left(monkeypatch, readers, listed):
    monkeypatch.setattr(reports, "MAX_GROUPS", 3)
    for reader in range(readers):
        keep(reader=reader, pixel=reader, age=60)
    with sent(dict.fromkeys(["c", "b", "a", "0"] if readers == 1 else ["0", "1", "2", "3", "a"], 1)):
        report = make_report(NOVEMBER, Argument("reader"))
    assert [group.value for group in report.groups] == listed
    assert report.has_more
    assert report.problems == []


def test_the_number_of_queries_does_not_grow():
    def queries():
        with sent({"9": 2}), CaptureQueriesContext(connection) as captured:
            make_report(NOVEMBER, CAMPAIGN)
        return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]

    keep(campaign=9, age=60)
    few = len(queries())
    for number in range(30):
        keep(campaign=number, pixel=number, age=60)
    assert len(queries()) == few <= 12


# What it gets wrong


@pytest.mark.parametrize("number", [20, 20.0, Decimal(20), Fraction(20)])
def test_numbers_of_any_type_are_numbers(number):
    keep(campaign=9, age=60)
    with sent({9: number}):
        [group] = make_report(NOVEMBER, CAMPAIGN).groups
    assert (group.sent, type(group.sent), group.open_rate) == (20, int, (0.05, 0.05))


@pytest.mark.parametrize(
    "number",
    [
        *(True, False, -1, float("nan"), float("inf"), 2.5, "20", None, [], 1j, object()),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("1E+1000000"), Fraction(1, 3)),
        *(10**12 + 1, pytest.param(10**5000, id="5,001 digits")),
    ],
)
def test_what_is_no_number_is_named(number):
    keep(campaign=9, age=60)
    keep(campaign=10, pixel="other", age=60)
    with sent({"9": number, "10": 1}):
        report = make_report(NOVEMBER, CAMPAIGN)
    groups = by_value(report)
    assert (groups["9"].sent, groups["9"].open_rate, groups["9"].opens) == (None, None, 1)
    assert groups["9"].remark
    assert groups["10"].open_rate == (1, 1)
    [problem] = report.problems
    assert "no rate for 9, because" in problem


@pytest.mark.parametrize(("number", "wrong"), [(0, True), (1, True), (2, True), (3, False)])
def test_fewer_emails_than_were_opened_are_named(number, wrong):
    for pixel, kind in enumerate(["person", "person", "prefetch", "scanner"]):
        keep(campaign=9, pixel=pixel, kind=kind, age=60)
    with sent({"9": number}):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert report.groups[0].sent == (None if wrong else number)
    assert ["fewer" in problem for problem in report.problems] == [True] * wrong


@pytest.mark.parametrize("kind", ["person", "unknown"])
def test_fewer_emails_than_were_clicked_are_named(kind):
    click(campaign=9, reader=0, age=60)
    for reader in range(1, 3):
        click(campaign=9, reader=reader, age=60, kind=kind)
    with sent({"9": 2}):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert (report.groups[0].click_rate, len(report.problems)) == (None, 1)


def test_a_value_that_is_named_twice_has_no_rate():
    keep(campaign=9, age=60)
    with sent({"9": 20, 9: 30}):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert report.groups[0].open_rate is None
    assert "several numbers" in report.problems[0]


def test_of_many_values_a_few_are_named():
    for number in range(20):
        keep(campaign=number, pixel=number, age=60)
    with sent({"another": 1}):
        [problem] = make_report(NOVEMBER, CAMPAIGN).problems
    assert "and 15 more" in problem


async def coroutine(): ...


@pytest.mark.parametrize("answer", [lambda: None, lambda: [("9", 20)], lambda: 20, coroutine])
def test_what_is_no_mapping_is_named(answer):
    keep(campaign=9, age=60)
    with sent(answer):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert (report.groups[0].opens, report.groups[0].sent) == (1, None)
    assert report.groups[0].remark
    assert "let it return a dict" in report.problems[0]


def test_what_the_callable_does_to_the_values_is_its_own_affair():
    keep(campaign=9, age=60)

    def take(argument, values, since, until):
        return {values.pop(): 2}

    with override_settings(PTRACK_OPENS_SENT=take):
        assert [group.sent for group in make_report(NOVEMBER, CAMPAIGN).groups] == [2]


def test_a_counter_is_a_mapping():
    keep(campaign=9, age=60)
    with sent(Counter({"9": 4})):
        assert make_report(NOVEMBER, CAMPAIGN).groups[0].open_rate == (0.25, 0.25)


def fail():
    raise LookupError("something private")


class FailingMapping(dict):
    def items(self):
        fail()


@pytest.mark.parametrize("answer", [fail, FailingMapping])
def test_what_is_raised_is_named_and_logged(caplog, answer):
    keep(campaign=9, age=60)
    with sent(answer):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert report.groups[0].opens == 1
    [problem] = report.problems
    assert "LookupError" in problem
    assert "private" not in problem
    [record] = caplog.records
    assert (record.name, record.levelno) == ("ptrack", logging.ERROR)
    assert "PTRACK_OPENS_SENT" in record.getMessage()


def test_an_exit_is_not_swallowed():
    def leave():
        raise SystemExit

    with sent(leave), pytest.raises(SystemExit):
        make_report(NOVEMBER, CAMPAIGN)


def test_a_setting_that_cannot_be_imported_is_named():
    keep(campaign=9, age=60)
    with override_settings(PTRACK_OPENS_SENT="no.such.function"):
        report = make_report(NOVEMBER, CAMPAIGN)
    assert (report.groups[0].opens, report.by_rendering) == (1, True)
    assert "no.such.function" in report.problems[0]


def break_the_transaction():
    with connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM no_such_table")


def hide_that_it_is_broken():
    try:
        break_the_transaction()
    except Exception:
        return {"another": 1}


@pytest.mark.parametrize("answer", [break_the_transaction, hide_that_it_is_broken])
def test_a_query_that_fails_does_not_break_the_page(answer):
    keep(campaign=9, age=60)
    with transaction.atomic(), sent(answer):
        report = make_report(NOVEMBER, CAMPAIGN)
        assert User.objects.count() == 0
    assert report.groups[0].opens == 1
    assert report.problems


def test_a_dotted_path_is_asked():
    keep(campaign=9, age=60)
    with override_settings(PTRACK_OPENS_SENT=f"{__name__}.twenty_each"):
        assert make_report(NOVEMBER, CAMPAIGN).groups[0].sent == 20


def twenty_each(argument, values, since, until):
    return dict.fromkeys(values, 20)
