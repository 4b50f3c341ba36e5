from __future__ import annotations

import email
import logging
import random
from email import charset as charsets
from email import policy
from html import unescape

import css_inline
import django
import mrml
import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template import engines
from django.test import override_settings
from django.urls import NoReverseMatch, include, path, re_path
from django.utils.encoding import iri_to_uri
from django.utils.functional import lazy
from django.utils.safestring import mark_safe
from django.utils.translation import override

import ptrack
from ptrack import track_html, track_message
from ptrack.exceptions import PtrackArgumentError
from ptrack.tokeniser import start_tags

from emails import DESTINATIONS, LINK, NEWSLETTER, PIXEL, destinations, replaced_values
from mutations import mutated
from support import UrlConf, remembered

PIXEL_ROUTE = path("ptrack/", include("ptrack.urls"))
LINK_ROUTE = path("go/", include("ptrack.link_urls"))


@pytest.fixture(autouse=True)
def _links():
    with override_settings(ROOT_URLCONF=UrlConf(PIXEL_ROUTE, LINK_ROUTE), PTRACK_LINK_ALLOWED_HOSTS=["shop.example"]):
        yield


def is_tracked(link):
    """Return whether a link is tracked, after a look at the rest of the HTML."""
    html = track_html(f"<p>{link}</p>", pixel=False)
    assert LINK.sub("", html).startswith("<p><")
    return bool(destinations(html))


# A whole email


def test_exactly_the_links_of_the_newsletter_are_tracked():
    html = track_html(NEWSLETTER, "newsletter", reader=7)
    assert destinations(html) == DESTINATIONS
    values = replaced_values(html, NEWSLETTER)
    assert values[:2] == ["https://shop.example/a?x=1&amp;y=2", "https://shop.example/b?x=1&y=2&copy=3"]
    assert values[10] == " https://shop.example/k "
    assert [iri_to_uri(unescape(value)) for value in values[2:10]] == DESTINATIONS[2:10]


def test_pixel_and_links_carry_the_arguments():
    html = track_html(NEWSLETTER, "newsletter", reader=7)
    [token] = PIXEL.findall(html)
    assert ptrack.PtrackEncoder.decrypt(token) == [["newsletter"], {"reader": 7}]
    for token in LINK.findall(html):
        args, kwargs = ptrack.PtrackEncoder.decrypt(token)
        del kwargs["ptrack:to"]
        assert (args, kwargs) == (["newsletter"], {"reader": 7})


def test_the_pixel_stands_before_the_end_of_the_body():
    assert PIXEL.sub("PIXEL", track_html(NEWSLETTER)).endswith("</a>\nPIXEL</body>\n</html>\n")


def test_a_second_call_changes_nothing():
    html = track_html(NEWSLETTER, "newsletter")
    assert track_html(html, "another", reader=8) == html


@pytest.mark.parametrize(
    "settings",
    [
        {"PTRACK_APP_URL": "https://shop.example/base/path/"},
        {"PTRACK_APP_URL": lambda *args, **kwargs: "https://shop.example/a/b"},
        {"ROOT_URLCONF": UrlConf(path("a/b/", include("ptrack.link_urls")), path("a/", include("ptrack.urls")))},
        {"ROOT_URLCONF": UrlConf(re_path("^go/", include("ptrack.link_urls")), PIXEL_ROUTE)},
        {"ROOT_URLCONF": UrlConf(*i18n_patterns(PIXEL_ROUTE, LINK_ROUTE)), "LANGUAGES": [("en", "x"), ("de", "y")]},
    ],
)
def test_a_second_call_changes_nothing_wherever_the_site_is_served(settings):
    # The links lead to where the site is, so they could be tracked again.
    with override_settings(**settings):
        with override("de"):
            html = track_html("<a href='https://shop.example/x'>")
        assert html.count("https://") == 2
        with override("en"):
            assert track_html(html) == html


def test_links_and_images_below_a_former_prefix_are_ours_too():
    former = [path("old/", include("ptrack.urls")), path("out/", include("ptrack.link_urls"))]
    with override_settings(ROOT_URLCONF=UrlConf(*former, PIXEL_ROUTE, LINK_ROUTE)):
        html = track_html("<a href='https://shop.example/x'>").replace("/ptrack/", "/old/").replace("/go/", "/out/")
        html = html.replace("www.example.com", "shop.example")
        assert track_html(html) == html


def test_what_the_tags_put_in_stays():
    link = ptrack_link("https://shop.example/a")
    html = f"<a href='{link}'>a</a><a href='https://shop.example/b'>b</a>{ptrack.pixel_img('tag')}"
    tracked = track_html(html)
    assert replaced_values(tracked, html) == [link, "https://shop.example/b"]
    assert tracked.startswith(f"<a href='{link}'>")
    assert PIXEL.findall(tracked) == []
    assert destinations(tracked) == ["https://shop.example/a", "https://shop.example/b"]


def ptrack_link(destination):
    [link] = LINK.finditer(track_html(f"<a href={destination}>", "tag", pixel=False))
    return link[0]


def test_broken_emails_change_only_where_they_are_tracked():
    rng = random.Random(18)
    for _ in range(150):
        html = mutated(NEWSLETTER, rng)
        tracked = track_html(html)
        assert all("https://" in value.lower() for value in replaced_values(tracked, html))
        assert len(PIXEL.findall(tracked)) == 1
        assert track_html(tracked) == tracked


@pytest.mark.parametrize("flags", [{}, {"pixel": False, "links": False}])
@pytest.mark.parametrize("html", ["", "<a href=https://shop.example/>", mark_safe("<p>")])
def test_the_result_is_plain_text(html, flags):
    assert type(track_html(html, **flags)) is str


# Options


def test_links_alone_are_tracked_without_the_route_of_pixels():
    with override_settings(ROOT_URLCONF=UrlConf(LINK_ROUTE)):
        html = track_html(NEWSLETTER, pixel=False)
    assert destinations(html) == DESTINATIONS
    assert PIXEL.findall(html) == []


def test_the_pixel_alone_is_put_in_without_the_route_and_the_setting_of_links():
    with override_settings(ROOT_URLCONF=UrlConf(PIXEL_ROUTE), PTRACK_LINK_ALLOWED_HOSTS=None):
        html = track_html(NEWSLETTER, links=False)
    assert len(PIXEL.findall(html)) == 1
    assert PIXEL.sub("", html) == NEWSLETTER


def test_neither_leaves_the_email_alone():
    assert track_html(NEWSLETTER, pixel=False, links=False) == NEWSLETTER


@pytest.mark.parametrize("option", ["pixel", "links"])
@pytest.mark.parametrize("value", [0, 1, None, "", "yes", ["x"]])
def test_an_option_that_is_no_bool_is_refused(option, value):
    with pytest.raises(PtrackArgumentError, match=f"{option}=True"):
        track_html("<p>", **{option: value})


def test_html_and_message_may_be_arguments_too():
    html = track_html("<a href=https://shop.example/>", html="h", message="m")
    [token] = PIXEL.findall(html)
    assert ptrack.PtrackEncoder.decrypt(token) == [[], {"html": "h", "message": "m"}]


# Arguments, settings and consent


@pytest.mark.parametrize("flags", [{}, {"pixel": False}, {"links": False}, {"pixel": False, "links": False}])
@pytest.mark.parametrize(
    ("arguments", "setting", "error"),
    [
        ({"x": None}, {}, PtrackArgumentError),
        ({"request": 1}, {}, PtrackArgumentError),
        ({"ptrack:to": "x"}, {}, PtrackArgumentError),
        ({}, {"PTRACK_SECRET": None}, ImproperlyConfigured),
        ({}, {"PTRACK_APP_URL": None}, ImproperlyConfigured),
    ],
)
def test_bad_arguments_and_settings_are_raised_whatever_the_email_holds(flags, arguments, setting, error):
    with override_settings(**setting), pytest.raises(error):
        track_html("no tags", **flags, **arguments)


def test_a_keyword_url_is_refused_with_links_alone():
    with pytest.raises(PtrackArgumentError):
        track_html("<p>", url="x")
    assert track_html("<p>", url="x", links=False).startswith("<p><img ")


def test_links_need_the_hosts_they_may_lead_to():
    with override_settings(PTRACK_LINK_ALLOWED_HOSTS=None), pytest.raises(ImproperlyConfigured, match="links=False"):
        track_html("no links")


@pytest.mark.parametrize(("routes", "flags"), [([PIXEL_ROUTE], {}), ([LINK_ROUTE], {"links": False})])
def test_a_route_that_is_missing_is_raised(routes, flags):
    with override_settings(ROOT_URLCONF=UrlConf(*routes)), pytest.raises(NoReverseMatch):
        track_html("no links", **flags)


@pytest.mark.parametrize("html", [b"<p>", None, EmailMessage("Hello"), 1])
def test_html_is_a_str(html):
    with pytest.raises(TypeError, match=r"track_html\(\) takes HTML as a str"):
        track_html(html)


def test_nothing_of_the_arguments_is_remembered():
    for bad in ({"bad": None}, {"pixel": "no bool"}):
        with pytest.raises(PtrackArgumentError) as caught:
            track_html("the-email", "plaintext", **bad)
        assert "plaintext" not in remembered(caught.value)
        with pytest.raises(PtrackArgumentError) as caught:
            track_message(EmailMessage("the-email"), "plaintext", **bad)
        assert "plaintext" not in remembered(caught.value)


def test_without_consent_the_email_is_left_alone():
    asked = []

    def may_track(*args, **kwargs):
        asked.append((args, kwargs))
        return False

    with override_settings(PTRACK_CONSENT=may_track):
        assert track_html(NEWSLETTER, "x", reader=7) is NEWSLETTER
        message = newsletter_message()
        track_message(message, "x", reader=7)
    assert message.alternatives[0].content == NEWSLETTER
    assert asked == [(("x",), {"reader": 7})] * 2


def test_what_is_refused_is_refused_without_consent_too():
    with override_settings(PTRACK_CONSENT=lambda *args, **kwargs: False):
        with pytest.raises(PtrackArgumentError):
            track_html("<p>", None)
        with override_settings(PTRACK_LINK_ALLOWED_HOSTS=None), pytest.raises(ImproperlyConfigured):
            track_html("<p>")


def test_consent_and_the_base_url_are_asked_once_for_a_message():
    asked = []

    def app_url(*args, **kwargs):
        asked.append(("base", args, kwargs))
        return "https://www.example.com"

    def may_track(*args, **kwargs):
        asked.append(("consent", args, kwargs))
        return True

    message = newsletter_message()
    message.attach_alternative(NEWSLETTER, "text/html")
    with override_settings(PTRACK_APP_URL=app_url, PTRACK_CONSENT=may_track):
        track_message(message, "x", reader=7)
    assert asked == [("base", ("x",), {"reader": 7}), ("consent", ("x",), {"reader": 7})]
    assert [destinations(html) for html, _ in message.alternatives] == [DESTINATIONS, DESTINATIONS]


# Which links


@pytest.mark.parametrize(
    "link",
    [
        '<a href="https://shop.example/">',
        "<A HREF='HTTPS://SHOP.EXAMPLE/'>",
        "<a href=http://shop.example>",
        '<area href="https://shop.example/">',
        '<v:rect href="https://shop.example/">',
        '<!--[if mso]><v:roundrect href="https://shop.example/"><![endif]-->',
        '<!--[if mso]><a href="https://shop.example/"><![endif]-->',
        '<!--[if !mso]><!--><a href="https://shop.example/"><!--<![endif]-->',
        '<noscript><a href="https://shop.example/"></noscript>',
        '<a href="\n https://shop.example/\t">',
        '<a href="&#32;https://shop.example/&#x20;">',
        '<a href="https&colon;//shop&period;example/">',
        '<a href="https://shop.example/?a=1&reg=1">',
        '<a href="https://shop.example/%7B%7B">',
        '<a href="https://shop.example/{x}%20%7C*">',
        '<a data-ptrack="on" class="subscribe" href="https://shop.example/">',
        '<a title="unsubscribe" href="https://shop.example/">unsubscribe {{ x }}</a>',
    ],
)
def test_links_are_tracked(link):
    assert is_tracked(link)


@pytest.mark.parametrize(
    "link",
    [
        # other schemes, and no whole URLs
        *(f'<a href="{url}">' for url in ("mailto:ada@shop.example", "tel:+49", "ftp://shop.example/", "javascript:1")),
        *(f'<a href="{url}">' for url in ("data:text/html,x", "cid:logo@shop.example", "whatsapp://send")),
        *(f'<a href="{url}">' for url in ("/x", "x", "//shop.example/", "?x", "#x", "")),
        *("<a href>", "<a>", "<a href=>", '<a name="https://shop.example/">', '<a data-href="https://shop.example/">'),
        # template and merge tags
        *(f'<a href="{url}">' for url in ("{{ url }}", "{% url 'x' %}", "*|URL|*", "%%url%%")),
        *(f'<a href="https://shop.example/{mark}">' for mark in ("{{ id }}", "{% x %}", "*|ID|*", "%%id%%")),
        '<a href="https://shop.example/&lbrace;&#123;x}}">',
        # unsubscribing
        *('<a href="https://shop.example/Unsubscribe">', '<a href="https://shop.example/?x=UNSUBSCRIBE">'),
        *('<a id="unsubscribe" href="https://shop.example/">', '<a class="x btn-UnSubscribe" href="https://shop.example/">'),
        '<a href="https://shop.example/" REL="nofollow unsubscribe">',
        '<a href="https://shop.example/un&#115;ubscribe">',
        '<area class="unsubscribe" href="https://shop.example/">',
        # left out by hand
        *('<a data-ptrack="off" href="https://shop.example/">', "<a href=https://shop.example/ DATA-PTRACK=' OFF '>"),
        '<v:rect data-ptrack="off" href="https://shop.example/">',
        # other elements
        *('<link href="https://shop.example/">', '<base href="https://shop.example/">', '<img href="https://shop.example/">'),
        *('<form action="https://shop.example/">', '<o:p href="https://shop.example/">', "<vml href=https://shop.example/>"),
        # what link_url refuses
        *('<a href="https://other.example/">', '<a href="https://shop.example.other.example/">'),
        *('<a href="https://user@shop.example/">', '<a href="https://shop.example:x/">'),
        *('<a href="https:shop.example/">', '<a href="https://shop.example\\x">'),
        *('<a href="https://shop.example/a b">', '<a href="https://shop.example/a\nb">'),
        # references to control characters, and to none
        *(f'<a href="https://shop.example/{code}">' for code in ("&#10;x", "&Tab;x", "&NewLine;")),
        *(f'<a href="https://shop.example/{code}">' for code in ("&#127;", "&#x81;", "&#0;")),
        '<a href="&#10;https://shop.example/">',
        # the first counts
        '<a href="#" href="https://shop.example/">',
        '<a class="x" class="y" href="https://other.example/" href="https://shop.example/">',
    ],
)  # fmt: skip
def test_other_links_are_left_alone(link):
    assert not is_tracked(link)


@pytest.mark.parametrize("name", ["style", "script", "title", "textarea", "xmp", "iframe", "noembed", "noframes"])
def test_raw_text_is_left_alone(name):
    assert not is_tracked(f"<{name}><a href='https://shop.example/'></a></{name}>")


@pytest.mark.parametrize("comment", ["<!-- {} -->", "<!-- [if mso]> {} -->", "<!--[if mso]><!-- {} -->"])
def test_comments_are_left_alone(comment):
    assert not is_tracked(comment.format('<a href="https://shop.example/">'))


@pytest.mark.parametrize(
    ("value", "destination"),
    [
        ("https://shop.example/?a=1&amp;b=2&copy=3", "https://shop.example/?a=1&b=2&copy=3"),
        (" https://shop.example/#sec-grün\n", "https://shop.example/#sec-gr%C3%BCn"),
        ("https://shop.example/&#47;&sol;", "https://shop.example///"),
        ("https://shop.example/?q='x'", "https://shop.example/?q='x'"),
    ],
)
def test_a_link_leads_where_it_led(value, destination):
    html = track_html(f'<a href="{value}">', pixel=False)
    assert destinations(html) == [destination]
    assert html == f'<a href="{LINK.search(html)[0]}">'


def test_both_of_two_equal_links_are_tracked():
    html = track_html("<a href=https://shop.example/><a href=https://shop.example/>", pixel=False)
    assert len(set(LINK.findall(html))) == 2


def encoder_with(token):
    """Return an encoder whose tokens begin with a text."""

    class Encoder(ptrack.PtrackEncoder):
        authenticated = True

        @staticmethod
        def encrypt(*args, **kwargs):
            return token + str(kwargs.get("ptrack:to")).encode().hex()

        @staticmethod
        def decrypt(text):
            destination = bytes.fromhex(text.removeprefix(token)).decode()
            return [[], {} if destination == "None" else {"ptrack:to": destination}]

    return Encoder


def test_what_is_put_in_is_escaped():
    ptrack.ptrack_encoder = encoder_with("a&b\"c'd<e>f g")
    with override_settings(PTRACK_APP_URL="https://www.example.com/x&y"):
        html = track_html("<a href='https://shop.example/'>")
    link, image = start_tags(html)
    assert "x&amp;y/go/" in html
    quoted = "a%26b%22c%27d%3Ce%3Ef%20g"
    assert link.attributes()["href"].value.startswith(f"https://www.example.com/x&y/go/{quoted}")
    assert image.attributes()["src"].value.startswith(f"https://www.example.com/x&y/ptrack/{quoted}")


# The pixel


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", "PIXEL"),
        ("<p>Hello</p>", "<p>Hello</p>PIXEL"),
        ("<p>x</p></BODY >\n</html>", "<p>x</p>PIXEL</BODY >\n</html>"),
        ("x</body>y</body>z", "x</body>yPIXEL</body>z"),
        ("x</body><!-- </body> --><style></body></style>", "xPIXEL</body><!-- </body> --><style></body></style>"),
        ("x</body><!--[if mso]></body><![endif]-->", "xPIXEL</body><!--[if mso]></body><![endif]-->"),
        ("x&lt;/body&gt;", "x&lt;/body&gt;PIXEL"),
        ("<body>", "<body>PIXEL"),
        # What follows would not be seen.
        ("<p>x</p><!-- y", "<p>x</p>PIXEL<!-- y"),
        ("<p>x</p><style>y", "<p>x</p>PIXEL<style>y"),
        ("<p>x</p><a href='y", "<p>x</p>PIXEL<a href='y"),
        ("<p>x</p></", "<p>x</p>PIXEL</"),
    ],
)
def test_the_pixel_stands_where_it_is_requested(html, expected):
    assert PIXEL.sub("PIXEL", track_html(html)) == expected


def test_the_pixel_is_a_block_and_otherwise_what_the_tag_puts_out():
    # The tokens of this encoder are always the same.
    ptrack.ptrack_encoder = encoder_with("token")
    tag = engines["django"].from_string("{% load ptrack %}{% ptrack %}").render()
    assert track_html("") == tag.replace(">", ' style="display:block">')


@pytest.mark.parametrize("image", ["<IMG SRC='{}'>", "<img src=' {} ' />", "<!--[if mso]><img src={}><![endif]-->"])
def test_an_image_of_ours_keeps_the_pixel_out(image):
    html = f"<p>{image.format(ptrack.pixel_url())}</p>"
    assert track_html(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<!-- <img src={}> -->",
        "<style><img src={}></style>",
        "<a href={}>",
        "<img alt={}>",
        "<img>",
        "<img src>",
        "<img src=https://www.example.com/logo.gif>",
        "<img src='https://[/ptrack/'>",
    ],
)
def test_anything_else_does_not(html):
    assert len(PIXEL.findall(track_html(html.format(ptrack.pixel_url())))) == 1


def test_a_link_of_ours_of_another_host_stays():
    html = f"<a href={ptrack_link('https://shop.example/').replace('www.example.com', 'shop.example')}>"
    assert track_html(html, pixel=False) == html


# Messages


def newsletter_message(**options):
    message = EmailMultiAlternatives("News", "See https://shop.example/", to=["ada@example.com"], **options)
    message.attach_alternative(NEWSLETTER, "text/html")
    return message


def test_every_html_part_of_a_message_is_tracked():
    message = newsletter_message()
    message.attach_alternative("<p>AMP</p>", "text/x-amp-html")
    message.attach_alternative("<p>b</p>", "Text/HTML; charset=utf-8")
    message.attach_alternative("BEGIN:VCALENDAR", "text/calendar")
    message.attach("page.html", NEWSLETTER, "text/html")
    assert track_message(message, "x", reader=7) is None
    contents = [content for content, _ in message.alternatives]
    assert destinations(contents[0]) == DESTINATIONS
    assert PIXEL.sub("PIXEL", contents[2]) == "<p>b</p>PIXEL"
    assert [contents[1], contents[3]] == ["<p>AMP</p>", "BEGIN:VCALENDAR"]
    assert [alternative.mimetype for alternative in message.alternatives][2] == "Text/HTML; charset=utf-8"
    assert message.attachments[0].content == NEWSLETTER
    assert message.body == "See https://shop.example/"


def test_a_message_has_one_pixel_in_all_its_html_parts():
    message = newsletter_message()
    message.attach_alternative(NEWSLETTER, "text/html")
    track_message(message)
    assert len({PIXEL.search(content)[1] for content, _ in message.alternatives}) == 1


@pytest.mark.parametrize("kind", [EmailMessage, EmailMultiAlternatives])
def test_a_body_of_html_is_tracked(kind):
    message = kind("News", "<p>x</p>", to=["ada@example.com"])
    message.content_subtype = "html"
    track_message(message)
    assert PIXEL.sub("PIXEL", message.body) == "<p>x</p>PIXEL"


def test_plain_text_is_left_alone():
    message = EmailMessage("News", "<p>x</p>")
    track_message(message)
    assert message.body == "<p>x</p>"


def test_an_empty_body_stays_empty():
    message = EmailMultiAlternatives("News")
    message.content_subtype = "html"
    message.attach_alternative("<p>x</p>", "text/html")
    track_message(message)
    assert message.body == ""


def test_what_django_makes_text_of_is_html_too():
    message = EmailMultiAlternatives("News", lazy(lambda: "<p>x</p>", str)())
    message.content_subtype = "html"
    message.attach_alternative("<p>é</p>".encode(), "text/html")
    track_message(message)
    assert [PIXEL.sub("", html) for html in (message.body, message.alternatives[0].content)] == ["<p>x</p>", "<p>é</p>"]


def test_on_an_error_no_part_changes():
    class Encoder(ptrack.PtrackEncoder):
        authenticated = True

        @staticmethod
        def encrypt(*args, **kwargs):
            if kwargs.get("ptrack:to", "").endswith("/last"):
                raise ValueError("The last link is too much.")
            return ptrack.PtrackEncoder.encrypt(*args, **kwargs)

    ptrack.ptrack_encoder = Encoder
    message = newsletter_message()
    message.content_subtype, message.body = "html", "<p>x</p>"
    with pytest.raises(ValueError, match="too much"):
        track_message(message)
    assert (message.body, message.alternatives[0].content) == ("<p>x</p>", NEWSLETTER)


@pytest.mark.parametrize("message", ["<p>x</p>", None, email.message.EmailMessage()])
def test_a_message_is_one_of_django(message):
    with pytest.raises(TypeError, match=r"track_message\(\) takes an EmailMessage"):
        track_message(message)


def test_several_recipients_are_warned_of(caplog):
    track_message(newsletter_message(cc=["bob@example.com"], bcc=["eve@example.com"]))
    assert [(record.name, record.levelno) for record in caplog.records] == [("ptrack", logging.WARNING)]
    assert "3 recipients" in caplog.text
    assert "example.com" not in caplog.text


@pytest.mark.parametrize("message", [newsletter_message(), EmailMessage("News", "plain text", to=["a@x.example"] * 2)])
def test_one_recipient_or_plain_text_is_not_warned_of(message, caplog):
    track_message(message)
    assert caplog.records == []


# On its way


@pytest.mark.parametrize(
    ("encoding", "name", "text"),
    [(charsets.QP, "quoted-printable", "x"), (charsets.BASE64, "base64", "Grüße")],
)
def test_a_tracked_email_survives_being_sent(encoding, name, text):
    message = newsletter_message()
    message.attach_alternative(f"<body>{text * 5000}</body>\n", "text/html")
    if django.VERSION < (6, 0):
        # Later versions choose what is shorter.
        message.encoding = charsets.Charset("utf-8")
        message.encoding.body_encoding = encoding
    track_message(message)
    received = email.message_from_bytes(message.message().as_bytes(), policy=policy.default)
    parts = [part for part in received.walk() if part.get_content_type() == "text/html"]
    assert name in [part["Content-Transfer-Encoding"] for part in parts]
    assert [part.get_content() for part in parts] == [content for content, _ in message.alternatives]


def test_html_made_from_mjml_is_tracked():
    button = '<mj-button href="https://shop.example/{0}?a=1&amp;b=2">{0}</mj-button>'
    body = "".join(f"<mj-section><mj-column>{button.format(name)}</mj-column></mj-section>" for name in ("one", "two"))
    html = mrml.to_html(f"<mjml><mj-body>{body}</mj-body></mjml>").content
    tracked = track_html(html)
    assert destinations(tracked) == [f"https://shop.example/{name}?a=1&b=2" for name in ("one", "two")]
    assert replaced_values(tracked, html) == [f"https://shop.example/{name}?a=1&amp;b=2" for name in ("one", "two")]
    assert PIXEL.sub("PIXEL", tracked).endswith("PIXEL</body></html>")


def inlined(html):
    return css_inline.inline(html, load_remote_stylesheets=False)


def test_styles_may_be_inlined_before():
    html = inlined(NEWSLETTER)
    tracked = track_html(html)
    assert destinations(tracked) == DESTINATIONS
    assert len(replaced_values(tracked, html)) == len(DESTINATIONS)
    assert len(PIXEL.findall(tracked)) == 1


def test_styles_may_be_inlined_afterwards():
    html = inlined(track_html(NEWSLETTER))
    assert destinations(html) == DESTINATIONS
    assert track_html(html) == html
