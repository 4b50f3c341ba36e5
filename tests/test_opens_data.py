"""The commands that delete, export and judge stored hits again, on each database."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connection, connections
from django.test import override_settings
from django.utils import timezone
from test_opens_storing import NOW, ODD, description

from ptrack.hits import HitKind, Rule, to_digest
from ptrack.opens import batches, commands, deleting, judging, markers
from ptrack.opens.models import MARKERS, LinkHit, PixelHit
from ptrack.opens.rows import make_row
from ptrack.opens.storing import is_late, store

from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db(transaction=True)]

DAY = 24 * 3600
SHOP = "https://shop.example/"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0"
MONITOR = f"{CHROME} Acme/2"
MONITOR_RULE = Rule(HitKind.SCANNER, r"\bAcme/\d", "acme-monitor")
READER_RULE = Rule(HitKind.PERSON, r"\bAcme/\d", "acme-reader")


@pytest.fixture(autouse=True)
def settings():
    """Let hits be kept for thirty days, and let no command wait for hits that are under way."""
    with override_settings(PTRACK_OPENS_KEEP_DAYS=30):
        yield


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(markers, "SECONDS_UNDER_WAY", 0)


def pixel(name):
    return to_digest(str(name).encode()).hex


def make(*args, days_ago=0.0, rendered=1.0, name="a pixel", headers=None, user_agent=CHROME, **kwargs):
    """Return a row of a hit that arrived some days ago, and whose pixel was rendered some days before that."""
    at = NOW - days_ago * DAY
    issued_at = None if rendered is None else at - rendered * DAY
    described = description(*args, pixel=pixel(name), at=at, issued_at=issued_at, **kwargs)
    return make_row(described | {"headers": headers or {}, "user_agent": user_agent})


def keep(*args, **kwargs):
    hit = make(*args, **kwargs)
    store(hit)
    return type(hit).objects.get(pk=hit.pk)


def run(*args, tty=False, **options):
    """Run a command and return what it printed, without what it said of its progress on the standard error."""
    out = io.StringIO()
    out.isatty = lambda: tty
    call_command(*args, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def keys(model=PixelHit):
    return set(model.objects.values_list("pk", flat=True))


def assert_markers_are_right():
    """Compare the markers with what plain Python says of the rows."""
    hits = list(PixelHit.objects.order_by("at", "pk"))
    for column, kinds in MARKERS.items():
        marked = [hit for hit in hits if getattr(hit, column)]
        possible = [hit for hit in hits if HitKind(hit.kind) in kinds and not is_late(hit.age)]
        assert all(getattr(hit, column) == hit.pixel_id for hit in marked)
        assert {hit.pk for hit in marked} <= {hit.pk for hit in possible}
        assert sorted(hit.pixel_id for hit in marked) == sorted({hit.pixel_id for hit in possible})


def fill(*rows):
    """Store rows quickly, with markers on the first of each pixel."""
    for column, kinds in MARKERS.items():
        seen = set()
        for row in rows:
            if isinstance(row, PixelHit) and row.kind in kinds and not is_late(row.age) and row.pixel_id not in seen:
                setattr(row, column, row.pixel_id)
                seen.add(row.pixel_id)
    for model in (PixelHit, LinkHit):
        model.objects.bulk_create([row for row in rows if type(row) is model], batch_size=500)


# Pruning


@pytest.mark.parametrize("url", [None, SHOP])
def test_hits_go_by_the_time_of_rendering_or_of_arrival(at_once, url):
    kept = {
        keep(name=1, days_ago=1, rendered=28, url=url).pk,
        keep(name=2, days_ago=29, rendered=None, url=url).pk,
    }
    keep(name=3, days_ago=1, rendered=30, url=url)
    keep(name=4, days_ago=31, rendered=None, url=url)
    keep(name=5, days_ago=40, rendered=1, url=url)
    assert "Deleted 3 hits" in run("ptrack_prune")
    assert keys(LinkHit if url else PixelHit) == kept
    assert "Deleted 0 hits" in run("ptrack_prune")


def test_all_hits_of_an_email_go_together(at_once):
    for days_ago in (35, 20, 1):
        keep(name=1, days_ago=days_ago, rendered=40 - days_ago)
        keep(name=1, days_ago=days_ago, rendered=40 - days_ago, url=SHOP)
    assert "Deleted 6 hits" in run("ptrack_prune")


def test_more_days_than_the_setting_may_be_kept_and_fewer_not(at_once):
    keep(days_ago=45, rendered=None)
    assert "Deleted 0 hits" in run("ptrack_prune", "--days", "60")
    with pytest.raises(CommandError, match="less than PTRACK_OPENS_KEEP_DAYS, 30"):
        run("ptrack_prune", "--days", "29")
    assert "Deleted 1 hit " in run("ptrack_prune", "--days", "30")


@pytest.mark.parametrize("days", [0, -1, 36_526, 10**12])
def test_the_days_are_checked(days):
    with pytest.raises(CommandError, match=f"--days is {days}: pass a number from 1 to 36525"):
        run("ptrack_prune", days=days)


@pytest.mark.parametrize(("setting", "message"), [(None, "or pass --days"), ("30", "PTRACK_OPENS_KEEP_DAYS is '30'")])
def test_somebody_has_to_say_for_how_long(setting, message):
    with override_settings(PTRACK_OPENS_KEEP_DAYS=setting), pytest.raises(CommandError, match=message):
        run("ptrack_prune")


def test_without_the_setting_the_option_says_it(at_once):
    keep(days_ago=20, rendered=None)
    with override_settings(PTRACK_OPENS_KEEP_DAYS=None):
        assert "Deleted 1 hit " in run("ptrack_prune", "--days", "10")


@pytest.mark.parametrize("name", ["ptrack_prune", "ptrack_erase", "ptrack_reclassify"])
def test_the_size_of_a_batch_is_checked(name):
    with pytest.raises(CommandError, match="--batch is 0"):
        run(name, *(["reader=42"] if name == "ptrack_erase" else []), "--batch", "0")


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_remaining_hit_gets_the_marker(at_once, batch):
    keep(kind="prefetch", days_ago=33, rendered=None)
    keep(kind="person", days_ago=32, rendered=None)
    keep(kind="scanner", days_ago=20, rendered=None)
    prefetch = keep(kind="prefetch", days_ago=15, rendered=None)
    second = keep(kind="proxy", days_ago=5, rendered=None)
    first = keep(kind="person", days_ago=10, rendered=None)
    run("ptrack_prune", "--batch", str(batch))
    assert PixelHit.objects.get(pk=first.pk).first_open_of == first.pixel_id
    assert PixelHit.objects.get(pk=prefetch.pk).first_possible_open_of == first.pixel_id
    assert PixelHit.objects.get(pk=second.pk).first_open_of is None
    assert_markers_are_right()


def test_a_late_hit_gets_no_marker(at_once):
    with override_settings(PTRACK_OPENS_KEEP_DAYS=60):
        keep(days_ago=40, rendered=None)
        late = keep(days_ago=1, rendered=28)
        late_by_setting = keep(name=2, days_ago=0, rendered=29)
    PixelHit.objects.filter(pk=late.pk).update(age=timedelta(days=31))
    run("ptrack_prune")
    assert PixelHit.objects.get(pk=late.pk).first_open_of is None
    assert PixelHit.objects.get(pk=late_by_setting.pk).first_open_of


def test_times_without_time_zones(at_once):
    with override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo"):
        keep(days_ago=31, rendered=None)
        left = keep(days_ago=29.9, rendered=None)
        run("ptrack_prune")
        assert keys() == {left.pk}
        [line] = run("ptrack_export").splitlines()
        assert json.loads(line)["at"].endswith("+09:00")


# Erasing and exporting

READERS = [42, "42", 420, "042", "ann", "Ann", "ann ", "ánn", "", " ", "4 2"]


def test_one_reader_is_erased_and_the_others_stay(at_once):
    for number, reader in enumerate(READERS):
        keep("news", reader=reader, name=number)
        keep("news", reader=reader, name=number, url=SHOP)
    assert "Erased 4 hits with reader=42." in run("ptrack_erase", "reader=42", "--no-input")
    for model in (PixelHit, LinkHit):
        left = sorted(hit.kwargs["reader"] for hit in model.objects.all())
        assert left == sorted(map(str, READERS[2:]))
    assert "Erased 2 hits" in run("ptrack_erase", "reader=ann ", "--no-input")
    assert "Erased 2 hits" in run("ptrack_erase", "reader=Ann", "--no-input")
    assert PixelHit.objects.with_arguments(reader="ann").count() == 1


ODD_NAMES = [name for name in ODD if name and "=" not in name] + ["1", "Reader"]


@pytest.mark.parametrize("url", [None, SHOP])
@pytest.mark.parametrize(
    ("name", "values"),
    [*((name, ["a", " "]) for name in ODD_NAMES), ("reader", [*ODD, "a=b", "=", str(2**70)])],
)
def test_odd_names_and_values(at_once, name, values, url):
    for value in values:
        keep(value, **{name: value}, url=url)
    for value in values:
        for condition in (f"1={value}", f"={name}={value}"):
            [line] = run("ptrack_export", condition).splitlines()
            assert json.loads(line)["args"] == [value]
            assert json.loads(line)["kwargs"] == {name: value}
        assert "Erased 1 hit " in run("ptrack_erase", f"={name}={value}", "--no-input")
    assert keys(LinkHit if url else PixelHit) == set()


def test_all_conditions_must_hold(at_once):
    keep("news", reader=42, campaign=8)
    keep("news", reader=42, campaign=9)
    keep("other", reader=42, campaign=9)
    assert "Found 1 hit " in run("ptrack_erase", "reader=42", "campaign=9", "1=news", "--dry-run")
    assert "Nothing found" in run("ptrack_erase", "reader=42", "reader=43", "--no-input")
    assert "Nothing found" in run("ptrack_erase", "2=news", "--no-input")
    assert "Nothing found" in run("ptrack_erase", "999999999=news", "--no-input")
    assert len(keys()) == 3
    assert "Erased 1 hit " in run("ptrack_erase", "reader=42", "campaign=9", "1=news", "--no-input")


@pytest.mark.parametrize("command", ["ptrack_erase", "ptrack_export"])
@pytest.mark.parametrize("condition", ["reader", "0=news", "", f"{10**30}=news", "9" * 5000 + "=news"])
def test_a_condition_that_is_none(command, condition):
    with pytest.raises(CommandError, match=r"reader=42|count from 1"):
        run(command, condition)


def test_erasing_needs_a_condition():
    with pytest.raises(CommandError, match="ARGUMENT=VALUE"):
        run("ptrack_erase", "--no-input")


@pytest.mark.parametrize(("answer", "is_erased"), [("yes", True), ("no", False), ("", False), (EOFError, False)])
def test_a_person_is_asked(at_once, monkeypatch, answer, is_erased):
    keep(reader=42)
    keep(reader=42, url=SHOP)

    def answered(prompt):
        if answer is EOFError:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", answered)
    if is_erased:
        printed = run("ptrack_erase", "reader=42")
        assert "Found 2 hits" in printed
        assert "Erased 2 hits" in printed
    else:
        with pytest.raises(CommandError, match="Nothing was erased"):
            run("ptrack_erase", "reader=42")
    assert len(keys() | keys(LinkHit)) == (0 if is_erased else 2)


def test_nobody_is_asked_where_nothing_is_found():
    keep(reader=43)
    assert "Nothing found: no hit has reader=42." in run("ptrack_erase", "reader=42")


def test_a_dry_run_erases_nothing():
    keep(reader=42)
    assert "Found 1 hit with reader=42." in run("ptrack_erase", "reader=42", "--dry-run")
    assert len(keys()) == 1


@pytest.mark.parametrize("batch", ["1", "3", "100"])
def test_hits_are_looked_through_in_slices(at_once, monkeypatch, batch):
    monkeypatch.setattr(batches, "SLICE", 4)
    monkeypatch.setattr(batches.slices, "__defaults__", (4,))
    fill(*(make(reader=number % 3, name=number, url=SHOP if number % 2 else None) for number in range(40)))
    assert len(run("ptrack_export").splitlines()) == 40
    assert len(run("ptrack_export", "reader=1").splitlines()) == 13
    assert "Erased 13 hits" in run("ptrack_erase", "reader=1", "--no-input", "--batch", batch)
    assert not PixelHit.objects.with_arguments(reader=1)
    assert not LinkHit.objects.with_arguments(reader=1)
    assert len(keys() | keys(LinkHit)) == 27


def test_a_hit_that_comes_late_out_of_a_queue_is_erased_too(at_once, monkeypatch):
    first, late = make(reader=42), make(reader=42, name=2)
    late.pk = uuid.UUID(int=first.pk.int - 1) if first.pk.int % 2 else uuid.UUID(int=1)
    store(first)
    real = deleting._delete

    def delete(*args):
        number = real(*args)
        if not late.first_open_of:
            store(late)
        return number

    monkeypatch.setattr(deleting, "_delete", delete)
    assert "Erased 2 hits" in run("ptrack_erase", "reader=42", "--no-input")
    assert keys() == set()


def test_erasing_ends_although_such_hits_still_arrive(at_once, monkeypatch):
    real = deleting._delete

    def delete(*args):
        number = real(*args)
        store(make(reader=42))
        return number

    monkeypatch.setattr(deleting, "_delete", delete)
    keep(reader=42)
    assert "New ones arrive" in run("ptrack_erase", "reader=42", "--no-input")


def test_an_export_holds_whatever_is_stored(monkeypatch):
    hit = keep("news", 7, reader="é\x00\ud800😀", user_agent="Thunder\x1bbird", headers={"From": "", "X-A": "b"})
    click = keep("news", reader=7, url=SHOP, rendered=None)
    lines = [json.loads(line) for line in run("ptrack_export").splitlines()]
    assert [line["model"] for line in lines] == ["PixelHit", "LinkHit"]
    assert lines[0] | {"id": str(hit.pk), "at": hit.at.isoformat(), "age": DAY} == lines[0]
    assert lines[0]["kwargs"] == {"reader": "é\x00\ud800😀"}
    assert lines[0]["headers"] == {"From": "", "X-A": "b"}
    assert lines[0]["first_open_of"] == str(hit.pixel_id)
    assert lines[1]["url"] == SHOP
    assert lines[1]["issued_at"] is None
    assert lines[1]["email_id"] == str(click.email_id)
    for line, model in zip(lines, (PixelHit, LinkHit), strict=True):
        assert line.keys() - {"model"} == {field.attname for field in model._meta.concrete_fields}


def test_an_export_is_readable_where_the_file_takes_it():
    keep(reader="é😀")
    assert "é😀" in run("ptrack_export")
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    call_command("ptrack_export", stdout=latin)
    latin.seek(0)
    assert json.loads(latin.read())["kwargs"] == {"reader": "é😀"}


def test_an_export_turns_no_text_of_a_terminal_round():
    keep(reader="\u202egnp.exe")
    assert '"\\u202egnp.exe"' in run("ptrack_export")


@pytest.mark.parametrize(("conditions", "message"), [(["reader=4\x07"], r"no hit has reader=4\x07."), ([], "no hits")])
def test_an_export_says_apart_that_nothing_was_found(conditions, message):
    out, err = io.StringIO(), io.StringIO()
    call_command("ptrack_export", *conditions, stdout=out, stderr=err)
    assert out.getvalue() == ""
    assert "Nothing found" in err.getvalue()
    assert message in err.getvalue()


def test_filters_compare_as_the_commands_do():
    keep("news", reader=42, campaign=9)
    keep("news", reader=420, campaign=9)
    assert PixelHit.objects.with_arguments(reader="42", campaign=9).count() == 1
    assert PixelHit.objects.with_arguments("news").count() == 2
    assert PixelHit.objects.exclude(pk__in=PixelHit.objects.with_arguments(reader=42)).get().kwargs["reader"] == "420"


# Judging again


def judged_again(*rules, args=(), **options):
    with override_settings(PTRACK_RULES=list(rules)):
        return run("ptrack_reclassify", *args, **options)


def counts_in(printed):
    """Return the cells of the table that the command prints, by their row."""
    lines = [line.rsplit(maxsplit=4) for line in printed.splitlines()]
    return {cells[0].strip(): tuple(map(int, cells[1:])) for cells in lines if cells and cells[0] in [*HitKind]}


def test_hits_are_judged_by_the_rules_of_today(at_once):
    hit = keep(user_agent=MONITOR, kind="person")
    click = keep(user_agent=MONITOR, kind="person", url=SHOP, headers={"Sec-Fetch-Mode": "navigate"})
    other = keep(user_agent=CHROME, kind="person", name=2)
    judged_again()
    dry = judged_again(MONITOR_RULE, args=["--dry-run"])
    assert "Would change 2 of 3 hits." in dry
    assert PixelHit.objects.get(pk=hit.pk).kind == "person"
    done = judged_again(MONITOR_RULE)
    assert done.replace("Changed", "Would change") == dry
    for row in (hit, click):
        row.refresh_from_db()
        assert (row.kind, row.rule) == ("scanner", "acme-monitor")
    other.refresh_from_db()
    assert other.kind == "person"
    assert counts_in(done) == {
        "person": (2, 1, 1, 0),
        "proxy": (0, 0, 0, 0),
        "prefetch": (0, 0, 0, 0),
        "scanner": (0, 1, 0, 1),
        "unknown": (0, 0, 0, 0),
    }
    assert "unique opens" in done
    assert_markers_are_right()
    again = judged_again(MONITOR_RULE)
    assert "Changed 0 of 3 hits." in again
    assert {kind: counts[0] for kind, counts in counts_in(again).items()} == {
        kind: counts[1] for kind, counts in counts_in(done).items()
    }


def test_todays_rules_say_what_they_said_at_the_hit(at_once):
    headers = {"Sec-Fetch-Mode": "no-cors"}
    with override_settings(PTRACK_OPENS_KEEP_DAYS=None):
        for number, agent in enumerate((CHROME, "", "curl/8", "GoogleImageProxy", "Thunder\x1bbird/128", "x" * 1024)):
            row = make(user_agent=agent, name=number, headers=headers)
            row.kind, row.rule, _ = judging.judge_again(row)
            store(row)
        assert "Changed 0 of 6 hits." in judged_again()


def test_a_marker_stays_as_long_as_its_hit_is_one(at_once):
    keep(user_agent=MONITOR, kind="scanner", days_ago=3)
    person = keep(user_agent=CHROME, kind="person", days_ago=2)
    judged_again(READER_RULE)
    person.refresh_from_db()
    assert person.first_open_of == person.pixel_id
    assert_markers_are_right()


@pytest.mark.parametrize("batch", ["1", "2", "100"])
def test_a_marker_goes_to_the_earliest_hit_that_can_have_it(at_once, batch):
    keep(user_agent=MONITOR, kind="person", days_ago=9)
    keep(user_agent=MONITOR, kind="proxy", days_ago=8)
    keep(user_agent=CHROME, kind="person", days_ago=2)
    first = keep(user_agent=CHROME, kind="person", days_ago=5)
    judged_again(MONITOR_RULE, args=["--batch", batch])
    first.refresh_from_db()
    assert first.first_open_of == first.first_possible_open_of == first.pixel_id
    assert_markers_are_right()


def test_pixels_without_a_marker_get_one(at_once):
    for days_ago in (1, 3, 2):
        keep(user_agent=CHROME, kind="person", days_ago=days_ago)
    judged_again()
    PixelHit.objects.update(first_open_of=None)
    assert "unique opens                0      1" in judged_again(args=["--dry-run"])
    assert "Changed 0 of 3 hits." in judged_again()
    assert PixelHit.objects.exclude(first_open_of=None).get() == PixelHit.objects.earliest("at")
    assert_markers_are_right()


def test_late_hits_lose_their_markers_after_the_setting_got_shorter(at_once):
    keep(user_agent=CHROME, rendered=20)
    keep(user_agent=CHROME, rendered=5, name=2)
    with override_settings(PTRACK_OPENS_KEEP_DAYS=10):
        judged_again()
        assert_markers_are_right()
        assert PixelHit.objects.exclude(first_open_of=None).count() == 1


@pytest.mark.parametrize("batch", ["1", "7", "1000"])
def test_many_pixels_are_what_a_fresh_count_gives(at_once, batch):
    chance = random.Random(batch)
    rows = [
        make(
            name=chance.randrange(30),
            days_ago=chance.random() * 20,
            rendered=chance.choice([None, 1, 8, 29, 31]),
            user_agent=chance.choice([CHROME, MONITOR, "curl/8", "GoogleImageProxy", "Mozilla/5.0", ""]),
            kind=chance.choice([*HitKind]),
            url=chance.choice([None, None, SHOP]),
        )
        for _ in range(100)
    ]
    fill(*sorted(rows, key=lambda row: row.at))
    judged_again(args=["--batch", batch])
    assert_markers_are_right()
    for rules in ([MONITOR_RULE], [READER_RULE], []):
        dry = judged_again(*rules, args=["--dry-run", "--batch", batch])
        done = judged_again(*rules, args=["--batch", batch])
        assert done.replace("Changed", "Would change") == dry
        assert_markers_are_right()
        line = next(line for line in done.splitlines() if line.startswith("unique opens"))
        assert int(line.split()[-1]) == PixelHit.objects.exclude(first_open_of=None).count()
        with override_settings(PTRACK_RULES=rules):
            for hit in PixelHit.objects.all():
                assert (hit.kind, hit.rule) == judging.judge_again(hit)[:2]
        assert "Changed 0 of" in judged_again(*rules, args=["--batch", batch])


@pytest.mark.parametrize("settings", [{"PTRACK_RULES": [7]}, {"PTRACK_OPENS_KEEP_DAYS": 0}])
def test_no_hit_is_judged_with_settings_that_are_bad(settings):
    keep()
    with override_settings(**settings), pytest.raises(CommandError, match=next(iter(settings))):
        run("ptrack_reclassify")


# Interrupted, and in the way of hits that arrive

COMMANDS = {
    "ptrack_prune": [],
    "ptrack_erase": ["reader=42", "--no-input"],
    "ptrack_reclassify": [],
}


def old_rows(pixels, hits=3):
    """Return rows without a time of rendering that all commands have work with."""
    return [
        make(
            reader=42,
            name=number,
            rendered=None,
            days_ago=40 + hit / 1000,
            kind="person",
            user_agent=MONITOR if hit < 2 else CHROME,
        )
        for number in range(pixels)
        for hit in reversed(range(hits))
    ]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, OperationalError("the server went away")])
def test_a_command_that_is_interrupted_leaves_nothing_half_done(at_once, monkeypatch, name, error):
    fill(*old_rows(20), *(make(name=number, reader=7, rendered=None, days_ago=3) for number in range(20)))
    module = judging if name == "ptrack_reclassify" else deleting
    real, calls = module.mark_first_hits, []

    def mark_first_hits(pixels):
        calls.append(pixels)
        if len(calls) == 3:
            raise error
        real(pixels)

    with override_settings(PTRACK_RULES=[MONITOR_RULE]):
        with monkeypatch.context() as patch:
            patch.setattr(module, "mark_first_hits", mark_first_hits)
            with pytest.raises(CommandError if error is KeyboardInterrupt else OperationalError):
                run(name, *COMMANDS[name], "--batch", "7")
        assert_markers_are_right()
        run(name, *COMMANDS[name], "--batch", "7")
        assert_markers_are_right()
    if name != "ptrack_reclassify":
        assert PixelHit.objects.count() == 20


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_on_a_terminal_how_far_it_is(at_once, monkeypatch, name):
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_LINES", 0)
    fill(*old_rows(4))
    with override_settings(PTRACK_RULES=[MONITOR_RULE]):
        assert "hits ..." not in run(name, *COMMANDS[name], "--dry-run") if name != "ptrack_prune" else True
        printed = run(name, *COMMANDS[name], "--batch", "5", tty=True)
    assert "5 hits ..." in printed or "5 of 12 hits ..." in printed or "3 of 12 hits ..." in printed
    assert run(name, *COMMANDS[name], verbosity=0, tty=True) == ""


def test_a_batch_that_conflicts_with_a_hit_is_done_again(at_once, monkeypatch):
    fill(*old_rows(3))
    real, conflicts = judging.mark_first_hits, [IntegrityError("taken"), OperationalError(1213, "Deadlock")]

    def mark_first_hits(pixels):
        real(pixels)
        if conflicts:
            raise conflicts.pop()

    monkeypatch.setattr(judging, "mark_first_hits", mark_first_hits)
    assert "Changed 9 of 9" in judged_again(MONITOR_RULE)
    assert conflicts == []
    assert PixelHit.objects.filter(kind="scanner").count() == 6
    assert_markers_are_right()


def test_a_conflict_that_does_not_end_is_raised(monkeypatch):
    fill(*old_rows(1))
    tries = []

    def mark_first_hits(pixels):
        tries.append(pixels)
        raise IntegrityError("some other column")

    monkeypatch.setattr(deleting, "mark_first_hits", mark_first_hits)
    with pytest.raises(IntegrityError):
        run("ptrack_prune")
    assert len(tries) == batches.TRIES
    assert PixelHit.objects.count() == 3


def test_a_hit_that_was_under_way_when_the_marker_went_gets_it(monkeypatch):
    """The hit saw the marker, took none, and was stored after the command had looked for others."""
    fill(*old_rows(1))
    real = deleting.mark_first_hits

    def mark_first_hits(pixels):
        real(pixels)
        fill(make(name=0, rendered=None, days_ago=1))
        PixelHit.objects.filter(at__gt=timezone.now() - timedelta(days=2)).update(**dict.fromkeys(MARKERS))

    monkeypatch.setattr(deleting, "mark_first_hits", mark_first_hits)
    run("ptrack_prune")
    assert PixelHit.objects.count() == 1
    assert_markers_are_right()


class Arrivals:
    """Threads that store hits of some readers and pixels until they are told to stop."""

    def __init__(self, threads, pixels):
        self.stored, self.waits = {}, []
        self._stop = threading.Event()
        self._pixels = pixels
        self._threads = threads

    def _run(self, seed):
        chance = random.Random(seed)
        try:
            while not self._stop.is_set():
                kind = chance.choice(["person", "proxy", "prefetch", "scanner"])
                agent = {"scanner": "curl/8", "proxy": "GoogleImageProxy"}.get(kind, CHROME)
                reader = chance.choice([42, 420, "042"])
                url = SHOP if chance.random() < 0.2 else None
                name = chance.randrange(self._pixels)
                row = make(reader=reader, name=name, rendered=None, kind=kind, user_agent=agent, url=url)
                began = time.monotonic()
                store(row)
                self.waits.append(time.monotonic() - began)
                self.stored[row.pk] = str(reader)
        finally:
            connections.close_all()

    def __enter__(self):
        self._pool = ThreadPoolExecutor(self._threads)
        self._running = [self._pool.submit(self._run, number) for number in range(self._threads)]
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._pool.shutdown()
        for running in self._running:
            running.result()


@pytest.mark.parametrize("name", COMMANDS)
def test_while_hits_arrive_nothing_is_lost_and_nothing_counts_twice(name, times, figures):
    pixels = 300 * times
    fill(*old_rows(pixels))
    with Arrivals(threads=3, pixels=pixels) as arrivals, override_settings(PTRACK_RULES=[MONITOR_RULE]):
        time.sleep(0.2)
        run(name, *COMMANDS[name], "--batch", "50")
        time.sleep(0.1)
    arrived, longest = len(arrivals.stored), max(arrivals.waits)
    figures.append(f"{name} on {connection.vendor}: {arrived} hits arrived; the longest took {longest:.3f} s")
    left = keys() | keys(LinkHit)
    if name == "ptrack_erase":
        run(name, *COMMANDS[name])
        left = keys() | keys(LinkHit)
        assert left == {key for key, reader in arrivals.stored.items() if reader != "42"}
    else:
        assert arrivals.stored.keys() <= left
    if name == "ptrack_prune":
        assert left == arrivals.stored.keys()
    assert_markers_are_right()
