"""The lists of hits and the page of the report, in the admin."""

from __future__ import annotations

import csv
import io
import re
import uuid
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import pairwise, takewhile
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from ptrack.hits import HitKind, Rule, rules
from ptrack.opens import paging, report
from ptrack.opens.admin import LinkHitAdmin, PixelHitAdmin
from ptrack.opens.arguments import Argument
from ptrack.opens.chart import make_chart
from ptrack.opens.forms import ReportForm
from ptrack.opens.lists import HitAdmin
from ptrack.opens.parameters import to_condition, to_parameter
from ptrack.opens.rates import RANGE_EXPLANATION
from ptrack.opens.requesters import CODES, NAMES, Requester
from ptrack.opens.window import Window
from ptrack.opens.words import KINDS, humanize_duration, humanize_percents, printable

import stored_hits
from stored_hits import NOON
from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db(databases=["default", "other"])]

IN_NOVEMBER = {"since": "2026-11-01", "until": "2026-11-30"}
HITS = "/admin/ptrack_opens/pixelhit/"
CLICKS = "/admin/ptrack_opens/linkhit/"
REPORT = f"{HITS}report/"
TEMPLATES = Path(report.__file__).parent / "templates" / "admin" / "ptrack_opens"
SHOP = "https://shop.example/"
ADMIN_SITE = {
    "ROOT_URLCONF": "project.admin_urls",
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
}


def keep(*args, rule="browser", pixel=None, age=3600, user_agent="Thunderbird/128", **kwargs):
    """Store a hit, by default of a pixel of its own, and return it."""
    pixel = f"{args}{kwargs}" if pixel is None else pixel
    return stored_hits.keep(*args, rule=rule, pixel=pixel, age=age, user_agent=user_agent, **kwargs)


@pytest.fixture
def site():
    with override_settings(**ADMIN_SITE):
        yield


def log_in(*codenames):
    user = User.objects.create_user("viewer" + "".join(codenames), is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def visitor(site):
    """A client of a member of the staff who may look at hits."""
    return log_in("view_pixelhit", "view_linkhit")


class Page(HTMLParser):
    """What a page has: its tags, its texts, and its links with their texts."""

    def __init__(self, response):
        super().__init__()
        assert response.status_code == 200, response
        self.tags, self.words, self.links = [], [], []
        self.link_texts = None
        self.html = response.content.decode()
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "a":
            self.link_texts = []

    def handle_data(self, data):
        self.words.append(data.strip())
        if self.link_texts is not None:
            self.link_texts.append(data)

    def handle_endtag(self, tag):
        if tag == "a":
            href = next(attributes for name, attributes in reversed(self.tags) if name == "a").get("href", "")
            self.links.append((href, "".join(self.link_texts).strip()))
            self.link_texts = None

    def all(self, tag, **attributes):
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]

    def classes(self, tag, name):
        return [found for found in self.all(tag) if name in (found.get("class") or "").split()]

    def link(self, text):
        """The URL behind the first link with this text."""
        return next(url for url, label in self.links if label == text)

    def links_to(self, model, *texts):
        """The URLs behind the links to the list of a model that have these texts in them."""
        return [url for url, _ in self.links if f"/{model}/?" in url and all(text in url for text in texts)]

    @property
    def text(self):
        return " ".join(filter(None, self.words))


def listed(client, parameters=None, url=HITS):
    """The hits that a list shows."""
    response = client.get(url, {**IN_NOVEMBER, **(parameters or {})} if not isinstance(parameters, str) else None)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def follow(client, url, base=REPORT):
    """Request what a link of a page leads to."""
    return client.get(base + url if url.startswith("?") else url)


def report_page(client, **parameters):
    return Page(client.get(REPORT, {**IN_NOVEMBER, **parameters}))


def cells_of(page, label):
    """The numbers in the row of a group, by their headings."""
    first = next(index for index, word in enumerate(page.words) if word.startswith("By "))
    words = [word for word in page.words[first:] if word]
    start = next(index for index, word in enumerate(words) if word == label and words[index + 1] in HEADINGS)
    pairs = words[start + 1 :]
    numbers = takewhile(lambda pair: pair[0] in HEADINGS, zip(pairs[::2], pairs[1::2], strict=False))
    # Of two with one heading, the first is in this row.
    return dict(reversed([*numbers]))


HEADINGS = {
    *("sent", "open rate", "click rate", "unique opens", "possible opens", "emails clicked", "perhaps clicked"),
    *("median time to open", "hits of pixels", "clicks", *HitKind),
}

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


@pytest.mark.parametrize(
    ("parts", "words"),
    [(0.15, "15 %"), (0.0, "0 %"), ((0.25, 0.4), "25 to 40 %"), ((1 / 3, 1 / 3), "33.3 %"), (1.0, "100 %")],
)
def test_a_part_in_percent(parts, words):
    assert humanize_percents(parts) == words


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a\u00a0b\u202fc\u3000", "نمی\u200cروم", "a\u200bb\u2060c\ufeff", "é\u0301", "\ue000"]
)
def test_what_people_write_is_shown_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x00\n\t\x1b\x7f\x9f", "\\x00\\n\\t\\x1b\\x7f\\x9f"),
        ("\ud800", "\\ud800"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u061c\u200e\u200f\u2066\u2069", "\\u061c\\u200e\\u200f\\u2066\\u2069"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_nobody_could_see_is_escaped(text, shown):
    assert printable(text) == shown


# What requested a pixel


def test_each_rule_belongs_to_one_requester():
    tables = [value for value in vars(rules).values() if isinstance(value, tuple)]
    codes = {rule.code for table in tables for rule in table if isinstance(rule, Rule)}
    codes |= {rule.code for rule in vars(rules).values() if isinstance(rule, Rule)}
    assert codes == set().union(*CODES.values())
    assert sum(map(len, CODES.values())) == len(codes)
    assert NAMES.keys() == set(Requester)


# Parameters

VALUES = [
    "9",
    "a#b&c=d+e f%g%20",
    "\"'<>",
    "😀👩‍👩‍👧",
    "a\u00a0b",
    " a ",
    "",
    "a\nb\r\tc",
    "\x00",
    "\x1b0041",
    "\ud800",
    "x" * 330,
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("key", [0, 3, "campaign", "é", "1", "a b"])
def test_a_condition_survives_a_url(key, value):
    argument = Argument(key)
    parameter = to_parameter(argument, value)
    query = parse_qs(urlencode({"where": parameter}), keep_blank_values=True)
    assert to_condition(query["where"][0]) == (argument, value)


@pytest.mark.parametrize("name", ["", "a=b"])
def test_a_name_that_nobody_can_write_has_no_condition(name):
    assert to_parameter(Argument(name), "9") is None


# The chart


def november(since=date(2026, 11, 1), until=date(2026, 11, 30)):
    return Window(since, until)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (11, 12), (99, 100), (101, 120), (123_456, 140_000)]
)
def test_the_axis_of_the_chart_has_round_numbers(most, top):
    chart = make_chart({date(2026, 11, 1): most}, "day", november())
    assert [tick.label for tick in chart.counts] == [0, top // 2, top]
    [bar] = chart.bars
    assert bar.height == pytest.approx((chart.base - 16) * most / top)
    assert bar.y + bar.height == pytest.approx(chart.base)


@pytest.mark.parametrize("days", range(101))
def test_the_chart_stays_in_its_frame_and_its_labels_apart(days):
    chart = make_chart({date(2026, 1, 1) + timedelta(days=day): day for day in range(days)}, "day", november())
    assert len(chart.bars) == days
    assert all(chart.left <= bar.x and bar.x + bar.width <= chart.right for bar in chart.bars)
    assert len(chart.dates) <= 7
    # A date takes 75 units, and twice as many on a narrow screen, which shows each second one.
    for size, dates in ((75, chart.dates), (150, chart.dates[::2])):
        parts = {"middle": size / 2, "end": size}
        begins = [tick.position - parts[tick.anchor] for tick in dates]
        assert all(begin + size <= chart.width for begin in begins)
        assert all(after - before >= size + 5 for before, after in pairwise(begins))


@pytest.mark.parametrize(
    ("unit", "first", "label", "end"),
    [
        ("day", date(2026, 11, 2), "2026-11-02", date(2026, 11, 2)),
        ("week", date(2026, 11, 2), "2026-11-02", date(2026, 11, 8)),
        ("month", date(2026, 11, 1), "2026-11", date(2026, 11, 30)),
        ("month", date(2028, 2, 1), "2028-02", date(2028, 2, 29)),
        ("year", date(2026, 1, 1), "2026", date(2026, 12, 31)),
    ],
)
def test_a_bar_says_its_days_and_whether_it_is_cut(unit, first, label, end):
    chart = make_chart({first: 1}, unit, Window(first, end))
    [bar] = chart.bars
    assert ([tick.label for tick in chart.dates], bar.begin, bar.end) == ([label], first, end)
    assert not chart.has_cut_bars
    if unit != "day":
        chart = make_chart({first: 1}, unit, Window(first + timedelta(days=1), end))
        assert (chart.has_cut_bars, chart.bars[0].begin) == (True, first + timedelta(days=1))
        chart = make_chart({first: 1}, unit, Window(first, end - timedelta(days=1)))
        assert (chart.has_cut_bars, chart.bars[0].end) == (True, end - timedelta(days=1))


# The lists


def test_stored_hits_are_called_hits(visitor):
    index = Page(visitor.get("/admin/"))
    assert {"Hits of pixels", "Hits of links"} <= set(index.words)
    assert str(Permission.objects.get(codename="view_pixelhit")).endswith("Can view hit of a pixel")


@pytest.mark.parametrize("url", [HITS, CLICKS])
def test_the_report_is_linked_from_the_lists(visitor, url):
    assert Page(visitor.get(url)).link("Report") == REPORT
    kept = {**IN_NOVEMBER, "where": "reader=1"}
    of_reader = urlsplit(Page(visitor.get(url, kept | {"kind": "person"})).link("Report"))
    assert (of_reader.path, dict(parse_qsl(of_reader.query))) == (REPORT, kept)
    assert reverse("admin:ptrack_opens_pixelhit_report") == REPORT


@pytest.mark.parametrize("url", [None, SHOP])
def test_hits_cannot_be_changed_in_the_admin(visitor, url):
    base = CLICKS if url else HITS
    hit = keep("welcome", "\ud800\x00", campaign="spring", url=url)
    detail = Page(visitor.get(f"{base}{hit.pk}/change/"))
    assert str(hit.pk) in detail.text
    assert {"1=welcome", "2=\\ud800\\x00", "campaign=spring", "Sec-Fetch-Mode: no-cors"} <= set(detail.words)
    assert list(follow(visitor, detail.link("campaign=spring")).context["cl"].result_list) == [hit]
    assert [found.pk for found in listed(visitor, {"where": "campaign=spring"}, base)] == [hit.pk]
    admin = Client()
    admin.force_login(User.objects.create_superuser("admin"))
    for client in (visitor, admin):
        assert client.get(f"{base}add/").status_code == 403
        assert client.get(f"{base}{hit.pk}/delete/").status_code == 403
        assert client.post(f"{base}{hit.pk}/change/", {"kind": "scanner"}).status_code == 403
        assert client.post(base, {"action": "delete_selected", "_selected_action": [str(hit.pk)]}).status_code in (
            200,
            302,
            403,
        )
    assert type(hit).objects.get().kind == "person"


@pytest.mark.parametrize("url", [HITS, CLICKS])
def test_a_list_is_behind_its_view_permission(site, url):
    assert Client().get(url).status_code == 302
    name, other = ("pixelhit", "linkhit") if url == HITS else ("linkhit", "pixelhit")
    assert log_in(f"view_{other}").get(url).status_code == 403
    page = Page(log_in(f"view_{name}").get(url))
    # The report is made from both tables.
    assert "Report" not in page.words


def test_a_list_shows_thirty_days_unless_it_is_told_otherwise(visitor):
    now = timezone.now()
    for days in (0, 6, 8, 29, 31, 364, 400):
        keep(days, at=now - timedelta(days=days))

    def shown(**parameters):
        return {int(hit.args[0]) for hit in visitor.get(HITS, parameters).context["cl"].result_list}

    assert shown() == shown(days=30) == {0, 6, 8, 29}
    assert shown(days=7) == {0, 6}
    assert shown(days=365) == {0, 6, 8, 29, 31, 364}
    assert shown(days="all") == {0, 6, 8, 29, 31, 364, 400}
    day = timezone.localdate() - timedelta(days=31)
    assert shown(since=day, until=day) == {31}
    assert shown(until=day) == {31}


def test_filters_name_the_parameters_that_they_take(visitor):
    changelist = visitor.get(HITS).context["cl"]
    named = [tuple(each.expected_parameters()) for each in changelist.filter_specs]
    assert named == [("days", "since", "until", "rendered"), ("kind",), ("requester",)]


def test_a_list_of_days_of_rendering(visitor):
    hit = keep("late", age=86_400 * 40)
    rendered = {"since": "2026-10-01", "until": "2026-10-31"}
    assert listed(visitor, rendered) == []
    assert listed(visitor, {**rendered, "rendered": 1}) == [hit]
    assert "rendered 2026-10-01 to 2026-10-31" in Page(visitor.get(HITS, {**rendered, "rendered": 1})).words


@pytest.mark.parametrize(
    "parameters",
    [
        {"since": "junk"},
        {"since": "2026-11-30", "until": "2026-11-01"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"days": "0"},
        {"days": "x"},
        {"days": "9" * 30},
        {"until": "0001-01-01"},
        {"where": "junk"},
        {"where": "0=a"},
    ],
)
def test_a_list_says_what_is_wrong_and_shows_nothing(visitor, parameters):
    keep("a", at=timezone.now())
    response = visitor.get(HITS, parameters)
    assert list(response.context["cl"].result_list) == []
    assert Page(response).classes("li", "error")


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"kind": "person"}, True),
        ({"kind": "proxy"}, False),
        ({"kind": "\x00"}, False),
        ({"requester": "browser"}, True),
        ({"requester": "gmail"}, False),
        ({"requester": "\x00"}, False),
        ({"where": "campaign=spring"}, True),
        ({"where": "campaign=Spring"}, False),
        ({"where": "1=welcome"}, True),
        ({"where": ["1=welcome", "campaign=spring"]}, True),
        ({"where": ["1=welcome", "campaign=autumn"]}, False),
        ({"q": "spring"}, True),
        ({"q": "sprin"}, False),
        ({"q": "Spring"}, False),
        ({"q": "welcome"}, True),
        ({"q": "Thunderbird/128"}, True),
        ({"q": "thunderbird/128"}, False),
        ({"q": "Thunderbird"}, False),
        ({"q": "campaign"}, False),
        ({"q": str(uuid.UUID(int=1))}, False),
    ],
)
def test_a_list_is_searched_and_filtered(visitor, parameters, found):
    keep("welcome", campaign="spring")
    assert len(listed(visitor, parameters)) == found


@pytest.mark.parametrize(("rule", "requester"), [("apple-mpp", "apple"), ("our-monitor", "site"), ("robot", "machine")])
def test_a_list_is_filtered_by_what_requested_the_pixel(visitor, rule, requester):
    keep(rule=rule)
    assert [wanted for wanted in Requester if listed(visitor, {"requester": wanted.value})] == [requester]
    assert str(NAMES[Requester(requester)]) in Page(visitor.get(HITS, IN_NOVEMBER)).words


@pytest.mark.parametrize(
    "value",
    ["grüße 😀", "a back\\slash", 'say "hi"', "a\ttab", "100%", "_", "042", "'", "$.*", "{}", "\x00", "x" * 330],
)
def test_a_search_finds_whole_values_of_any_characters(visitor, value):
    hit, named = keep(value), keep(reader=value)
    keep("a back/slash, say hi, a tab, 1000, half", "42", value + "x", other="x" + value.upper() + "y")
    # The search field of a browser takes no NUL.
    if value != "\x00":
        assert {found.pk for found in listed(visitor, {"q": value})} == {hit.pk, named.pk}
    assert [found.pk for found in listed(visitor, {"where": to_parameter(Argument("reader"), value)})] == [named.pk]


def test_a_search_for_an_id_finds_it_on_all_days(visitor):
    first, again = (keep(pixel="same", at=NOON - timedelta(days=days)) for days in (400, 500))
    keep(at=NOON)
    for term in (first.pk.hex, str(first.pk)):
        assert listed(visitor, {"q": term}) == [first]
    assert listed(visitor, {"q": first.pixel_id.hex}) == [first, again]
    assert listed(visitor, {"q": first.pixel_id.hex, "kind": "scanner"}) == []


def test_a_search_for_an_id_that_is_an_argument_stays_in_the_window(visitor):
    reader = uuid.uuid4()
    hit = keep(reader=str(reader))
    keep(reader=str(reader), at=NOON - timedelta(days=400))
    assert listed(visitor, {"q": str(reader)}) == [hit]


@pytest.mark.parametrize("parameters", [{}, {"q": "spring"}, {"where": "campaign=spring"}, {"kind": "person"}])
def test_no_query_of_a_list_reads_other_days(visitor, parameters):
    keep(campaign="spring")
    with CaptureQueriesContext(connection) as captured:
        visitor.get(HITS, {**IN_NOVEMBER, **parameters})
    queries = [query["sql"] for query in captured if "ptrack_opens_pixelhit" in query["sql"]]
    assert len(queries) == 2
    for sql in queries:
        assert "2026-12-01" in sql
    assert "LIMIT" in queries[0]


def test_a_list_counts_up_to_a_limit(visitor, monkeypatch):
    monkeypatch.setattr(paging, "MAX_COUNT", 60)
    for number in range(60):
        keep(number)
    response = visitor.get(HITS, IN_NOVEMBER)
    assert (response.context["cl"].result_count, response.context["cl"].paginator.has_more) == (60, False)
    assert "60 hits of pixels" in Page(response).words
    keep("one more")
    response = visitor.get(HITS, {**IN_NOVEMBER, "p": 2})
    assert len(response.context["cl"].result_list) == 10
    assert "more than 60 hits of pixels" in Page(response).words


@pytest.mark.parametrize("order", [None, "1", "-1", "5"])
def test_each_hit_is_on_one_page(visitor, order):
    # Many at the same time: their keys tell them apart.
    hits = {keep(number, at=NOON + timedelta(minutes=number // 40)).pk for number in range(130)}
    pages = [listed(visitor, {"p": page, **({"o": order} if order else {})}) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [50, 50, 30]
    assert {hit.pk for page in pages for hit in page} == hits
    if order in (None, "-1"):
        times = [(hit.at, hit.pk) for page in pages for hit in page]
        assert times == sorted(times, reverse=True)


def test_an_argument_in_a_list_leads_to_the_hits_that_have_it(visitor):
    mine = keep("welcome", campaign="9 & 10", reader="\ud800")
    keep("welcome", campaign="9", kind="proxy")
    page = Page(visitor.get(HITS, {**IN_NOVEMBER, "kind": "person", "p": "1"}))
    url = page.link("campaign=9 & 10")
    assert parse_qs(urlsplit(url).query) == {
        **{name: [value] for name, value in IN_NOVEMBER.items()},
        "kind": ["person"],
        "where": ["campaign=9 & 10"],
    }
    for text in ("campaign=9 & 10", "1=welcome", "reader=\\ud800"):
        response = follow(visitor, page.link(text))
        assert list(response.context["cl"].result_list) == [mine]
    # The next filter takes the place of the one before, and what is searched for stays.
    assert Page(response).all("input", type="hidden", name="where")


def test_a_hit_leads_to_the_others_of_its_pixel(visitor):
    first, again = keep(pixel="same"), keep(pixel="same", at=NOON - timedelta(days=100))
    keep("other")
    page = Page(visitor.get(HITS, {**IN_NOVEMBER, "where": "", "kind": "person"}))
    response = follow(visitor, page.link(first.pixel_id.hex[:8]))
    assert list(response.context["cl"].result_list) == [first, again]
    detail = Page(visitor.get(f"{HITS}{first.pk}/change/"))
    response = follow(visitor, detail.link("all hits of this pixel"))
    assert list(response.context["cl"].result_list) == [first, again]


def test_a_destination_in_the_list_of_clicks_leads_to_the_others(visitor):
    first, again = (keep(number, url=SHOP) for number in range(2))
    for url in (SHOP.upper(), f"{SHOP}?a=1&b=2"):
        keep(url=url)
    response = follow(visitor, Page(visitor.get(CLICKS, IN_NOVEMBER)).link(SHOP))
    assert {hit.pk for hit in response.context["cl"].result_list} == {first.pk, again.pk}
    assert len(listed(visitor, {"q": f"{SHOP}?a=1&b=2"}, CLICKS)) == 1


@pytest.mark.parametrize(
    ("url", "tag"),
    [
        (HITS, "{% ptrack campaign=9 reader=42 %}"),
        (CLICKS, "{% ptrack_link_url 'https://shop.example/' campaign=9 reader=42 %}"),
    ],
)
def test_an_empty_list_says_what_to_do_next(visitor, url, tag):
    assert tag in Page(visitor.get(url)).text
    keep(url=SHOP if url == CLICKS else None)
    page = Page(visitor.get(url, {"since": "2025-01-01", "until": "2025-01-02"}))
    assert tag not in page.text
    assert "Choose more days" in page.text


# The report


def test_the_page_shows_the_numbers_of_the_report(visitor):
    keep("welcome", age=7200, pixel="1")
    keep("welcome", kind="unknown", pixel="2")
    keep("welcome", kind="scanner", pixel="3")
    keep("welcome", url=SHOP)
    keep("welcome", url=SHOP)
    page = report_page(visitor)
    assert cells_of(page, "welcome") == {
        "unique opens": "1",
        "possible opens": "2",
        "emails clicked": "1",
        "perhaps clicked": "0",
        "median time to open": "2 h",
        "hits of pixels": "3",
    }
    assert cells_of(page, SHOP) == {"emails clicked": "1", "perhaps clicked": "0", "clicks": "2"}
    assert len(page.classes("rect", "ptrack-bar")) == 30
    assert {tag for tag, _ in page.tags} >= {"svg", "table", "caption", "form", "details"}


@pytest.mark.parametrize("value", [value for value in VALUES if value] + ["042", "ann ", "Ann"])
def test_a_label_leads_to_its_hits_whatever_it_has_in_it(visitor, value):
    mine = keep(campaign=value, pixel="mine")
    clicked = keep(campaign=value, url=SHOP)
    keep(campaign="other", pixel="other")
    keep(campaign="other", url=f"{SHOP}other")
    keep(campaign=value.strip() + "x", pixel="else")
    page = report_page(visitor)
    filtered = Page(follow(visitor, page.link(printable(value).strip())))
    assert filtered.link("Without this filter")
    words = filtered.words
    assert SHOP in words
    assert not {"other", f"{SHOP}other"} & set(words)
    assert "value" in filtered.all("input", name="where")[0]
    numbers = cells_of(filtered, "All")
    assert (numbers["hits of pixels"], numbers["emails clicked"]) == ("1", "1")
    assert sum(1 for bar in filtered.classes("rect", "ptrack-bar") if float(bar["height"])) == 1
    # The lists have the filter, too.
    for name, hit in (("Hits of pixels", mine), ("Hits of links", clicked)):
        url = next(url for url, text in filtered.links if text == name and "where=" in url)
        assert list(follow(visitor, url).context["cl"].result_list) == [hit]
    # From the group to its hits.
    for model, hit in (("pixelhit", mine), ("linkhit", clicked)):
        for url in filtered.links_to(model, "where="):
            found = list(follow(visitor, url).context["cl"].result_list)
            assert found in ([], [hit])
        assert filtered.links_to(model, "where=")


def test_the_hits_of_a_group_are_those_of_the_filter_too(visitor):
    mine = keep(campaign=9, reader=1)
    keep(campaign=9, reader=2)
    keep(campaign=8, reader=1)
    page = report_page(visitor, by="=reader", where="campaign=9")
    assert cells_of(page, "1")["hits of pixels"] == "1"
    [url, *_] = page.links_to("pixelhit", "where=campaign%3D9&where=reader%3D1")
    response = follow(visitor, url)
    assert list(response.context["cl"].result_list) == [mine]
    # The form of the search keeps both conditions.
    assert [field["value"] for field in Page(response).all("input", name="where")] == ["campaign=9", "reader=1"]
    # The label keeps them, too.
    assert list(follow(visitor, page.links_to("pixelhit", "reader%3D1")[0]).context["cl"].result_list) == [mine]
    total = Page(follow(visitor, page.links_to("pixelhit", "where=campaign%3D9&since")[0]))
    assert {"reader=1", "reader=2"} <= set(total.words)


def test_from_a_campaign_to_who_clicked_a_link(visitor):
    who = keep(campaign=9, reader=42, url=f"{SHOP}second?a=1&b=#2")
    keep(campaign=9, reader=43, url=f"{SHOP}first")
    keep(campaign=8, reader=44, url=who.url)
    index = Page(visitor.get(REPORT, {**IN_NOVEMBER, "by": "=campaign"}))
    campaign = Page(follow(visitor, index.link("9")))
    clicks = follow(visitor, campaign.link(who.url))
    assert list(clicks.context["cl"].result_list) == [who]
    assert "reader=42" in Page(clicks).words


def test_from_a_number_of_clicks_to_those_that_it_counts(visitor):
    person = keep(campaign=9, url=SHOP)
    unknown = keep(campaign=8, url=SHOP, kind="unknown")
    keep(campaign=7, url=SHOP, kind="scanner")
    page = report_page(visitor)
    assert cells_of(page, SHOP) == {"emails clicked": "1", "perhaps clicked": "1", "clicks": "1"}
    for kind, hit in (("person", person), ("unknown", unknown)):
        urls = page.links_to("linkhit", f"to={quote(SHOP, safe='')}&kind={kind}")
        assert [list(follow(visitor, url).context["cl"].result_list) for url in urls] == [[hit]] * len(urls)
        assert urls


def test_the_page_says_what_requested_the_pixels(visitor):
    for rule, number in (("google-image-proxy", 2), ("gmail-prefetch", 1), ("apple-mpp", 1), ("our-own", 1)):
        for _ in range(number):
            keep("a", rule=rule)
    page = report_page(visitor)
    start = page.words.index("What requested the pixels")
    words = [word for word in page.words[start:] if word]
    assert words[words.index("Gmail") + 1] == "3"
    assert {"Apple Mail", "a rule of this site"} <= set(words)
    assert len(follow(visitor, page.link("Gmail")).context["cl"].result_list) == 3


def labels_of(page, labels):
    return [word for word in page.words if word in labels]


def test_columns_sort(visitor):
    for label, numbers in {"a10": (1, 3), "a9": (2, 2), "b": (3, 1)}.items():
        opens, clicks_ = numbers
        for number in range(opens):
            keep(label, pixel=f"{label}{number}", age=None if label == "b" else 60 * opens)
        for number in range(clicks_):
            keep(label, reader=number, url=SHOP)
    labels = {"a10", "a9", "b"}

    def order(page):
        return list(dict.fromkeys(labels_of(page, labels)))

    page = report_page(visitor, by="1")
    assert order(page) == ["b", "a9", "a10"]
    page = Page(follow(visitor, page.link("emails clicked")))
    assert order(page) == ["a10", "a9", "b"]
    assert page.all("th", **{"aria-sort": "descending"})
    page = Page(follow(visitor, page.link("emails clicked")))
    assert order(page) == ["b", "a9", "a10"]
    assert page.all("th", **{"aria-sort": "ascending"})
    assert order(Page(follow(visitor, page.link("argument 1")))) == ["a9", "a10", "b"]
    for sort in ("median_age", "-median_age"):
        assert order(report_page(visitor, by="1", sort=sort))[-1] == "b"
    assert order(report_page(visitor, by="1", sort="junk")) == ["b", "a9", "a10"]


def test_the_first_argument_with_a_name_is_chosen_at_first(visitor):
    keep("welcome", reader="12", campaign="spring")
    page = report_page(visitor)
    assert "spring" in page.words
    assert page.all("option", value="=campaign", selected=None)
    assert [option["value"] for option in page.all("option")] == ["", "1", "=campaign", "=reader"]
    assert "spring" not in report_page(visitor, by="1").words
    assert not report_page(visitor, by="").all("tfoot")[1:]


def test_an_argument_that_no_hit_has_cannot_be_chosen(visitor):
    keep("welcome", campaign="spring")
    for by in ("campaign", "=kind", "=campaign__regex", "9", "-1", "\x00", "pk", "=" * 5000):
        page = report_page(visitor, by=by)
        assert "spring" not in page.words
        assert page.classes("ul", "errorlist"), by


@pytest.mark.parametrize(
    "parameters",
    [
        {"since": "junk"},
        {"since": "2026-11-30", "until": "2026-11-01"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"until": "9999-12-31"},
        {"since": "", "until": "0001-01-01"},
        {"days": "0", "since": "", "until": ""},
        {"where": "junk"},
        {"where": "0=a"},
    ],
)
def test_the_page_names_what_is_wrong_and_shows_no_numbers(visitor, parameters):
    keep("a")
    page = report_page(visitor, **parameters)
    assert page.classes("ul", "errorlist")
    assert not page.all("svg", role="img")
    assert not page.classes("table", "ptrack-groups")
    assert "unique opens" not in page.words
    assert page.link("last 30 days")


def test_presets_keep_what_else_was_chosen(visitor):
    now = timezone.now()
    for days in (0, 31, 400):
        keep(campaign=days, at=now - timedelta(days=days))
        keep(campaign=days, at=now - timedelta(days=days), url=SHOP)
    page = Page(visitor.get(REPORT, {"by": "=campaign"}))
    assert "0" in page.words
    assert "31" not in page.words
    assert [link["href"] for link in page.all("a", **{"aria-current": "true"})] == [page.link("last 30 days")]
    page = Page(follow(visitor, Page(visitor.get(REPORT, {**IN_NOVEMBER, "by": "=campaign"})).link("last 365 days")))
    assert "31" in page.words
    assert "400" not in page.words
    assert page.all("option", value="=campaign", selected=None)


def test_units_and_cut_bars_of_the_chart(visitor):
    keep("a")
    assert "Unique opens by day" in report_page(visitor).words
    page = report_page(visitor, since="2026-05-01")
    assert "Unique opens by week" in page.words
    assert len(page.classes("rect", "ptrack-cut")) == 2
    assert any("week of which only some days" in word for word in page.words)
    page = report_page(visitor, since="2024-11-15", until="2026-11-20")
    assert "Unique opens by month" in page.words
    assert "2024-11" in page.words
    page = report_page(visitor, since="2010-11-15", until="2026-11-20")
    assert "Unique opens by year" in page.words
    assert "2010" in page.words


def test_without_time_zones_in_the_database_only_the_chart_is_left_out(visitor, monkeypatch):
    keep("a")
    monkeypatch.setattr(report, "count_by_date", lambda selection: None)
    page = report_page(visitor)
    assert not page.all("svg", role="img")
    assert "There is no chart" in page.text
    assert cells_of(page, "a")["unique opens"] == "1"


def test_an_empty_report_says_what_to_do_next(visitor):
    assert "{% ptrack campaign=9 reader=42 %}" in report_page(visitor).text
    keep("a", at=NOON - timedelta(days=100))
    page = report_page(visitor)
    assert "{% ptrack campaign=9 reader=42 %}" not in page.text
    assert "Choose more days" in page.text
    assert "take the filter away" in report_page(visitor, where="1=b").text
    assert not page.all("svg", role="img")


def test_a_site_with_clicks_alone_is_not_told_how_to_begin(visitor):
    keep("a", url=SHOP, kind="scanner")
    page = report_page(visitor)
    assert "{% ptrack campaign=9 reader=42 %}" not in page.text
    assert "no clicks by readers" in page.text


@pytest.mark.parametrize("days", [1, 30, 400])
def test_the_page_says_from_when_on_all_hits_are_kept(visitor, days):
    keep("a")
    first = timezone.localdate() - timedelta(days=days - 1)
    with override_settings(PTRACK_OPENS_KEEP_DAYS=days):
        page = report_page(visitor, since=first - timedelta(days=1), until=timezone.localdate())
        assert f"rendered before {first} are deleted" in page.text
        assert "are deleted" not in report_page(visitor, since=first, until=timezone.localdate()).text


@pytest.mark.parametrize("days", [None, 0])
def test_without_good_days_all_hits_are_kept(visitor, days):
    keep("a")
    with override_settings(PTRACK_OPENS_KEEP_DAYS=days):
        assert "are deleted" not in report_page(visitor).text


def test_only_so_many_groups_are_listed(visitor, monkeypatch):
    monkeypatch.setattr(report, "MAX_GROUPS", 2)
    for value in "abc":
        keep(value)
    page = report_page(visitor)
    assert "Only the 2 groups with the most unique opens are listed" in page.text
    assert cells_of(page, "All")["unique opens"] == "3"


def numbers_of_emails(argument, values, since, until):
    return {value: 20 for value in values if value == "9"}


def test_rates_are_ranges(visitor):
    for number in range(8):
        keep(campaign=9, reader=number, kind="person" if number < 5 else "unknown")
    for number in range(3):
        for url in (SHOP, f"{SHOP}2")[: 1 + (number == 0)]:
            keep(campaign=9, reader=number, url=url)
    keep(campaign=8, reader=1)
    keep(campaign=9, reader=1, age=None)
    with override_settings(PTRACK_OPENS_SENT=numbers_of_emails):
        page = report_page(visitor, by="=campaign")
        numbers = cells_of(page, "9")
        assert (numbers["sent"], numbers["open rate"], numbers["click rate"]) == ("20", "25 to 40 %", "15 %")
        other = page.words[page.words.index("8") :]
        assert "no number of emails sent" in other
        assert "Emails rendered from 2026-11-01 to 2026-11-30" in page.words
        assert any("is left out" in word for word in page.words)
        assert page.classes("ul", "errorlist")
        assert str(RANGE_EXPLANATION) in page.words
        # The list counts the same hits.
        [url, *_] = page.links_to("pixelhit", "where=campaign%3D9")
        found = follow(visitor, url)
        assert found.context["cl"].result_count == 8
        url = next(url for url, _ in page.links if url.startswith("?") and "where=campaign%3D9" in url)
        filtered = Page(follow(visitor, url))
        assert cells_of(filtered, "9")["open rate"] == "25 to 40 %"
        without_rates = report_page(visitor, by="=reader", where="campaign=9")
        assert "open rate" not in without_rates.words
        assert "by another argument than the groups" in without_rates.text
        assert "not grouped by an argument" in report_page(visitor, by="").text
    assert "open rate" not in report_page(visitor, by="=campaign").words


def test_the_page_needs_no_script_and_nothing_from_elsewhere(visitor):
    keep("<script>alert(1)</script>", "</svg>", campaign="<img src=x>")
    keep("<script>alert(1)</script>", url=f"{SHOP}<script>alert(1)</script>")
    for parameters in (
        {"by": "1"},
        {"by": "2"},
        {"by": "=campaign"},
        {"where": "1=<script>alert(1)</script>"},
        {"where": "<script>alert"},
    ):
        page = report_page(visitor, **parameters)
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
        for tag, attributes in page.tags:
            links = [value for name, value in attributes.items() if name in ("src", "href") and value]
            assert not [value for value in links if urlsplit(value).netloc]
            assert not [name for name in attributes if name.startswith("on")], tag
    for url in (HITS, CLICKS):
        assert (
            "<script>alert" not in Page(visitor.get(url, {**IN_NOVEMBER, "where": "1=<script>alert(1)</script>"})).html
        )


@pytest.mark.parametrize("parameters", [{}, {"format": "hits"}, {"format": "clicks"}, {"format": "report"}])
def test_the_report_is_behind_the_view_permission_of_both_tables(site, parameters):
    assert Client().get(REPORT, parameters).status_code == 302
    for codenames in ([], ["view_pixelhit"], ["view_linkhit"]):
        assert log_in(*codenames).get(REPORT, parameters).status_code == 403


@pytest.mark.parametrize("by", ["", "1", "=campaign"])
def test_the_number_of_queries_does_not_grow(visitor, by):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            report_page(visitor, by=by)
        return len(captured)

    keep("a", campaign=0)
    keep("a", campaign=0, url=SHOP)
    few = queries()
    for number in range(30):
        keep(number, campaign=number)
        keep(number, campaign=number, url=f"{SHOP}{number}")
    assert queries() == few


# CSV


def rows_of(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="ptrack-')
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_links_to_csv_keep_what_was_chosen(visitor):
    keep("a", campaign="spring")
    keep("a", campaign="spring", url=SHOP)
    keep("a", campaign="autumn")
    page = report_page(visitor, by="=campaign", where="campaign=spring")
    assert [row[0] for row in rows_of(follow(visitor, page.link("this report")))] == ["campaign", "spring", "All"]
    for name, is_click in (("its hits of pixels", False), ("its hits of links", True)):
        headings, row = rows_of(follow(visitor, page.link(name)))
        assert "spring" in "".join(row)
        assert ("URL" in headings) is (SHOP in row) is is_click


def test_the_hits_as_csv_are_no_formulas(visitor):
    keep("welcome", age=61, user_agent="=cmd|' /C calc'!A0 (Android 9)", campaign="é\x00\ud800")
    keep(at=NOON - timedelta(days=60))
    headings, row = rows_of(visitor.get(REPORT, {**IN_NOVEMBER, "format": "hits"}))
    found = dict(zip(headings, row, strict=True))
    assert found["user agent"] == "'=cmd|' /C calc'!A0 (Android 9)"
    assert found["time of request"] == "2026-11-20 12:00:00+00:00"
    assert found["time to open in seconds"] == "61"
    assert (found["args"], found["kwargs"]) == ('["welcome"]', '{"campaign": "é\\u0000\\ud800"}')
    assert (found["kind"], found["IP address"]) == ("person", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\r", "＝", "＠"])  # noqa: RUF001
def test_no_cell_is_a_formula(visitor, start):
    keep(start + "1")
    cell = rows_of(visitor.get(REPORT, {**IN_NOVEMBER, "format": "report"}))[1][0]
    assert not cell.lstrip().startswith(tuple("=+-@＝＠\t\r"))  # noqa: RUF001


def test_no_cell_is_a_formula_where_semicolons_separate_them(visitor):
    keep('a;=1;b; -2;c;"=3')
    cell = rows_of(visitor.get(REPORT, {**IN_NOVEMBER, "format": "report"}))[1][0]
    assert cell == """a;'=1;b;' -2;c;'"=3"""


@pytest.mark.parametrize("wanted", ["hits", "clicks", "report"])
@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"since": "2026-11-02", "until": "2026-11-01"}, "choose a later last day"),
        ({"since": "yesterday"}, "Enter a valid date"),
        ({"by": "=absent"}, "Select a valid choice"),
        ({"where": "absent"}, "is no condition"),
    ],
)
def test_a_bad_choice_gets_the_page_and_no_file(visitor, wanted, parameters, fault):
    response = visitor.get(REPORT, {**IN_NOVEMBER, **parameters, "format": wanted})
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert fault in response.rendered_content


def test_an_unknown_format_is_the_page(visitor):
    assert report_page(visitor, format="junk").all("form", method="get")


# Languages


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_each_text_of_a_template_can_be_translated(template):
    text = re.sub(
        r"(?s){% blocktranslate.*?{% endblocktranslate %}|<code>.*?</code>|{%.*?%}|{{.*?}}|<[^>]*>|&\w+;",
        " ",
        template.read_text(),
    )
    assert not re.search(r"\w", text)


def test_each_text_of_the_code_can_be_translated():
    titles = [filter_.title for admin in (PixelHitAdmin, LinkHitAdmin) for filter_ in admin.list_filter]
    helps = [admin.search_help_text for admin in (PixelHitAdmin, LinkHitAdmin)]
    labels = [field.label for field in ReportForm({}, []).visible_fields()]
    described = [vars(base).get(name) for base in (HitAdmin, PixelHitAdmin, LinkHitAdmin) for name in vars(base)]
    columns_ = [found.short_description for found in described if hasattr(found, "short_description")]
    texts = [*titles, *helps, *labels, *columns_, *KINDS.values(), *NAMES.values()]
    assert len(texts) > 40
    assert [text for text in texts if not isinstance(text, Promise)] == []


def test_the_page_runs_from_right_to_left_where_the_language_does(visitor):
    keep("a")
    with override_settings(LANGUAGE_CODE="ar"):
        assert report_page(visitor).all("html", dir="rtl")
    css = (TEMPLATES.parents[2] / "static" / "ptrack_opens" / "report.css").read_text()
    assert not re.search(r"(?<![-\w])(?:left|right)(?![-\w])|-(?:left|right|top|bottom)\b", css)
