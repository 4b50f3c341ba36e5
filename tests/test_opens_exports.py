"""The command ptrack_report, and files of stored hits, on each database."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import sys
from datetime import date, datetime, time, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import RequestFactory, override_settings
from django.test.client import AsyncRequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ptrack.opens import report as reports
from ptrack.opens.batches import hits_by_time
from ptrack.opens.conditions import Condition
from ptrack.opens.csv_files import csv_response, hit_lines, report_lines
from ptrack.opens.models import LinkHit, PixelHit
from ptrack.opens.report import make_report
from ptrack.opens.selection import Selection
from ptrack.opens.window import Window

from stored_hits import NOON, NOVEMBER, click, keep
from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db]


# The command


def command(*args):
    output = io.StringIO()
    call_command("ptrack_report", *args, stdout=output)
    return output.getvalue()


def opens_in(output):
    """Return the number of unique opens of all hits that the command printed."""
    return next(line.split()[1] for line in output.splitlines() if line.startswith("All "))


def command_in_november(*args):
    return command("--since", "2026-11-01", "--until", "2026-11-30", *args)


def test_the_command_prints_a_table():
    keep("welcome", pixel="1", age=3 * 3600)
    keep("welcome", pixel="1", kind="scanner")
    keep("bye", pixel="2", kind="proxy")
    click("bye")
    click("bye")
    first, empty, head, *rows = command_in_november().splitlines()
    assert "arrived from 2026-11-01 to 2026-11-30" in first
    assert empty == ""
    assert head == (
        "argument 1  unique opens  possible opens  emails clicked  perhaps clicked  median time to open  hits of pixels"
    )
    assert [row.split() for row in rows] == [
        ["bye", "1", "1", "1", "0", "-", "1"],
        ["welcome", "1", "1", "0", "0", "3", "h", "2"],
        ["All", "2", "2", "1", "0", "3", "h", "3"],
        [],
        ["argument", "1", "person", "proxy", "prefetch", "scanner", "unknown"],
        ["bye", *"01000"],
        ["welcome", *"10010"],
        ["All", *"11010"],
        [],
        ["clicks", "by", "destination", "emails", "clicked", "perhaps", "clicked", "clicks"],
        ["https://shop.example/", "1", "0", "2"],
    ]
    assert len({len(row) for row in (head, *rows[:3])}) == 1


def test_a_long_label_pushes_no_number_off_the_terminal():
    keep("x" * 330)
    click("x" * 330, url=f"https://shop.example/{'y' * 330}")
    lines = command_in_november().splitlines()
    assert max(map(len, lines)) < 200
    assert any(line.startswith("xxx") and "...  " in line for line in lines)
    assert "x" * 330 in command_in_november("--csv")


def test_the_command_prints_csv():
    keep(campaign="=1+1", age=90.4)
    click(campaign="=1+1")
    assert command_in_november("--csv", "--by", "campaign").splitlines() == [
        "campaign,unique opens,possible opens,emails clicked,perhaps clicked,median time to open in seconds,"
        "person,proxy,prefetch,scanner,unknown,hits of pixels",
        "'=1+1,1,1,1,0,90,1,0,0,0,0,1",
        "All,1,1,1,0,90,1,0,0,0,0,1",
    ]


def keep_campaigns():
    """Store the hits of campaign 9: five readers, three perhaps, and three who clicked; and one of campaign 10."""
    for reader in range(8):
        keep(kind="person" if reader < 5 else "prefetch", pixel=reader, reader=reader, campaign=9, age=60)
    for reader, url in ((0, "a"), (1, "a"), (2, "a"), (2, "b")):
        click(reader=reader, campaign=9, url=f"https://shop.example/{url}", age=60)
    keep(pixel="other", campaign=10, reader=0, age=60)
    keep(pixel="untimed", campaign=9, reader=0)


def twenty_sent(argument, values, since, until):
    return {"9": 20}


def test_the_command_prints_rates_and_says_how_to_read_them():
    keep_campaigns()
    with override_settings(PTRACK_OPENS_SENT=twenty_sent):
        output = command_in_november("--by", "campaign")
    assert "of emails rendered from 2026-11-01 to 2026-11-30" in output
    nine, ten, total = output.splitlines()[3:6]
    assert nine.split()[:7] == ["9", "20", "25", "to", "40", "%", "15"]
    assert ten.split()[:4] == ["10", "-", "-", "-"]
    assert total.split()[:4] == ["All", "-", "-", "-"]
    for note in ("no rate for 10", "1 hit that arrived", "an open rate goes from"):
        assert note in output


def test_the_csv_of_the_command_has_rates_and_reasons():
    keep_campaigns()
    with override_settings(PTRACK_OPENS_SENT=twenty_sent):
        rows = list(csv.DictReader(io.StringIO(command_in_november("--csv", "--by", "campaign"))))
    rates = [
        [row[name] for name in ("campaign", "sent", "surely opened, %", "possibly opened, %", "clicked, %", "remark")]
        for row in rows
    ]
    assert rates == [
        ["9", "20", "25", "40", "15", ""],
        ["10", "", "", "", "", "no number of emails sent"],
        ["All", "", "", "", "", ""],
    ]


def test_rates_are_rounded_as_people_read_them():
    keep(campaign=1, age=60)
    with override_settings(PTRACK_OPENS_SENT=lambda *args: {1: 16}):
        row, _ = csv.DictReader(io.StringIO(command_in_november("--csv")))
        assert row["surely opened, %"] == "6.3"
        assert "6.3 %" in command_in_november()


def test_what_is_said_of_csv_is_no_csv():
    keep_campaigns()
    errors = io.StringIO()
    with override_settings(PTRACK_OPENS_SENT=twenty_sent):
        call_command(
            "ptrack_report", "--csv", "--since=2026-11-01", "--until=2026-11-30", stdout=io.StringIO(), stderr=errors
        )
    assert "1 hit that arrived" in errors.getvalue()


def test_the_command_takes_a_condition():
    keep_campaigns()
    output = command_in_november("--where", "campaign=10", "--by", "reader")
    assert "campaign=10" in output.splitlines()[1]
    assert opens_in(output) == "1"
    with pytest.raises(CommandError, match="is no condition"):
        command("--where", "campaign")


def test_a_condition_on_an_argument_that_no_hit_has_is_said_to_be_one():
    assert "No stored hit has an argument 'reader '" in command_in_november("--where", "reader =1")
    assert "No stored hit has an argument 'größe'" in command_in_november("--where", "größe=1")
    assert "with one of these: none." in command_in_november("--where", "reader=1")
    keep(campaign=9, pixel=1)
    assert "with one of these: campaign." in command_in_november("--where", "reader=1")
    assert "No stored hit" not in command_in_november("--where", "campaign=8")


def test_the_command_groups_by_the_first_argument_with_a_name():
    keep("a", campaign="b")
    assert "\ncampaign " in command_in_november()


@pytest.mark.parametrize("by", ["2", "campaign", "=campaign"])
def test_the_command_groups_by_a_name_or_a_number(by):
    keep("a", "b", campaign="b")
    assert "\nb " in command_in_november("--by", by)


def test_the_command_covers_thirty_days_unless_it_is_told_otherwise():
    today = timezone.localdate()
    for days in (0, 29, 30, 40):
        noon = datetime.combine(today - timedelta(days=days), time(12))
        keep("a", pixel=str(days), at=timezone.make_aware(noon))
    assert [opens_in(command(*args)) for args in ([], ["--days", "35"], ["--days", "1"])] == ["2", "3", "1"]
    assert opens_in(command("--until", str(today - timedelta(days=20)))) == "3"


def test_the_command_without_hits():
    assert opens_in(command()) == "0"


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
        (["--until", "0001-01-01"], "0001-01-01 is out of range"),
        (["--since", "yesterday"], "'yesterday' is not a date"),
        (["--where", "campaign=1", "--where", "reader=2"], "--where is given 2 times"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(args, fault):
    keep("a", campaign="b")
    with pytest.raises(CommandError, match=fault):
        command(*args)


def test_the_command_says_that_there_are_no_arguments():
    with pytest.raises(CommandError, match="these: none"):
        command("--by", "campaign")


# Files


def rows_of(model, selection=None):
    return list(csv.DictReader(io.StringIO("".join(hit_lines(selection or Selection(NOVEMBER), model)))))


@pytest.mark.parametrize("by_rendering", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_hits_are_read_in_pages_and_each_of_them_once(size, by_rendering):
    # Many of them arrived at the same moment.
    minutes = [0, 0, 0, 0, 0, 1, 2, 2, 2, 3, 4, 4]
    kept = [keep(number, pixel=number, at=NOON + timedelta(minutes=number), age=30) for number in minutes]
    keep("before", at=NOON - timedelta(days=20), age=30)
    keep("after", at=NOON + timedelta(days=20), age=30)
    setting = dict.fromkeys if by_rendering else None
    with override_settings(PTRACK_OPENS_SENT=setting), CaptureQueriesContext(connection) as queries:
        hits = list(hits_by_time(Selection(NOVEMBER), PixelHit, size))
    assert [hit.pk for hit in hits] == [hit.pk for hit in sorted(kept, key=lambda hit: (hit.at, hit.pk))]
    assert len(queries) <= 2 * (len(kept) // size + 6)


def test_pages_without_any_hit_that_meets_the_condition_do_not_end_the_list():
    for number in range(9):
        keep(reader=number in (0, 8), pixel=number, at=NOON + timedelta(minutes=number))
    selection = Selection(NOVEMBER, Condition.parse("reader=true"))
    assert [hit.at.minute for hit in hits_by_time(selection, PixelHit, 2)] == [0, 8]


def test_the_files_of_hits_hold_what_is_stored():
    keep("=1+1", reader=42, age=90, user_agent="a\x00b")
    click(reader=42, url="https://shop.example/a", age=30)
    [row] = rows_of(PixelHit)
    assert (row["args"], row["kwargs"], row["time to open in seconds"]) == ('["=1+1"]', '{"reader": "42"}', "90")
    assert row["user agent"] == "a\\x00b"
    [row] = rows_of(LinkHit)
    assert (row["URL"], row["kwargs"]) == ("https://shop.example/a", '{"reader": "42"}')
    assert row["time to click in seconds"] == "30"
    assert row.keys() >= {"link", "hit"}


def test_the_files_of_hits_are_those_of_the_report():
    keep(reader=1, age=60)
    keep(reader=2, pixel="untimed")
    condition = Condition.parse("reader=1")
    assert len(rows_of(PixelHit)) == 2
    assert len(rows_of(PixelHit, Selection(NOVEMBER, condition))) == 1
    with override_settings(PTRACK_OPENS_SENT=twenty_sent):
        assert len(rows_of(PixelHit)) == 1


def test_a_file_of_hits_is_about_the_days_of_whoever_asked_for_it():
    for hour in (14, 15):
        keep(hour, at=NOON.replace(hour=hour))
    with timezone.override("Asia/Tokyo"):
        lines = hit_lines(Selection(Window.between(date(2026, 11, 20), date(2026, 11, 20))), PixelHit)
    [row] = csv.DictReader(io.StringIO("".join(lines)))
    assert row["args"] == '["14"]'


def read(response):
    if not response.is_async:
        return list(response.streaming_content)

    async def read_all():
        pieces = [piece async for piece in response.streaming_content]
        # The handler of Django does so for the thread in which it reads.
        await sync_to_async(connections.close_all)()
        return pieces

    return asyncio.run(read_all())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factory", [RequestFactory, AsyncRequestFactory])
def test_a_file_is_sent_in_pieces_with_a_byte_order_mark(factory):
    lines = [f"line {number}\r\n" for number in range(3000)]
    response = csv_response(factory().get("/"), "hits", iter(lines))
    assert response.is_async == (factory is AsyncRequestFactory)
    assert response["Content-Disposition"] == 'attachment; filename="ptrack-hits.csv"'
    pieces = read(response)
    assert 3 <= len(pieces) <= 100
    assert b"".join(pieces) == b"\xef\xbb\xbf" + "".join(lines).encode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("factory", [RequestFactory, AsyncRequestFactory])
def test_hits_are_sent_by_both_kinds_of_servers(factory):
    for number in range(20):
        keep(number, pixel=number)
    response = csv_response(factory().get("/"), "hits", hit_lines(Selection(NOVEMBER), PixelHit))
    text = b"".join(read(response)).decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == 20


def test_a_report_that_is_not_grouped_is_a_file_too():
    keep()
    assert len(list(report_lines(make_report(NOVEMBER, None)))) == 2


@pytest.mark.parametrize("name", ["ptrack_export", "ptrack_report"])
def test_what_reads_the_output_of_a_command_may_end_before_it(monkeypatch, name):
    keep("a")
    reader, writer = os.pipe()
    os.close(reader)
    # Closing it writes what is left, as Python does when it ends.
    with open(writer, "w", encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        with pytest.raises(SystemExit):
            call_command(name, stdout=nobody)
