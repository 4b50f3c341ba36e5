from __future__ import annotations

import asyncio
import logging
from email import message_from_bytes, policy
from email.message import EmailMessage as StandardMessage
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from urllib.parse import quote

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path, re_path
from django.utils.functional import lazy
from django.utils.translation import get_language, override

import ptrack
from ptrack.exceptions import PtrackRegistrationError
from ptrack.testing import click_links, open_mail, temporarily
from ptrack.trackers import tracker
from ptrack.views import TRANSPARENT_1_PIXEL_GIF

from support import UrlConf, script_prefix, seal, without_setting


class SpyPixel(ptrack.TrackingPixel):
    def record(self, request, *args, **kwargs):
        self.hits.append((request, args, kwargs))


@pytest.fixture
def hits(no_pixels, monkeypatch):
    monkeypatch.setattr(SpyPixel, "hits", [], raising=False)
    with temporarily(SpyPixel):
        yield SpyPixel.hits


def arguments(hits):
    return [args for _, args, _ in hits]


# open_mail


def test_an_email_of_the_outbox_is_opened(hits):
    message = EmailMultiAlternatives("Welcome", "plain " + ptrack.pixel_img("plain part"), to=["ada@example.com"])
    message.attach_alternative(f"<p>Hello</p>{ptrack.pixel_img('welcome', user=7)}", "text/html")
    message.attach_alternative("{}", "application/json")
    message.send()
    responses = open_mail(mail.outbox[0])
    assert [response.content for response in responses] == [TRANSPARENT_1_PIXEL_GIF]
    assert [(args, kwargs) for _, args, kwargs in hits] == [(("welcome",), {"user": 7})]


def test_an_email_whose_body_is_html_is_opened(hits):
    message = EmailMessage("Welcome", ptrack.pixel_img("body"))
    assert open_mail(message) == []
    message.content_subtype = "html"
    open_mail(message)
    assert arguments(hits) == [("body",)]


def test_html_is_opened(hits):
    [response] = open_mail(f"<html><body>{ptrack.pixel_img('html')}</body></html>")
    assert response.status_code == 200
    assert arguments(hits) == [("html",)]


@pytest.mark.parametrize("before", ["<![foo bar]>", "<!--[if mso]>", "<noscript>", "<a title='>", "<!-->", "a < b"])
def test_html_is_read_as_by_browsers_and_outlook(hits, before):
    open_mail(f"{before}{ptrack.pixel_img('x')}<i title='>'><![endif]-->{ptrack.pixel_img('y')}")
    assert arguments(hits)[-1:] == [("y",)]
    assert (("x",) in arguments(hits)) is ("title" not in before)


@pytest.mark.parametrize("html", ["<!-- {} -->", "<style>{}</style>", "<title>{}", "<textarea>{}</textarea>", "<!{}"])
def test_an_image_that_no_client_shows_is_not_requested(hits, html):
    assert open_mail(html.format(ptrack.pixel_img("x"))) == []


def test_every_image_is_requested_in_order(hits):
    responses = open_mail(f"{ptrack.pixel_img(1)}<IMG SRC='{ptrack.pixel_url(2)}'>{ptrack.pixel_img(1)}")
    assert len(responses) == 3
    assert arguments(hits) == [(1,), (2,), (1,)]


WITH_OTHERS = UrlConf(path("logo.gif", lambda request: None), path("ptrack/", include("ptrack.urls")))


@override_settings(ROOT_URLCONF=WITH_OTHERS)
def test_other_images_are_left_alone(hits):
    pixel = ptrack.pixel_url("ours")
    html = f"""
        <img><img src><img src=""><img alt="no source"><img src="cid:logo"><img src="ptrack/relative/">
        <img src="https://www.example.com/logo.gif"><img src="https://www.example.com/no-route/">
        <img src="https://[half/ptrack/x/"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
        <a href="{pixel}">a link</a> <script src="{pixel}"></script>
        <!-- <img src="{pixel}"> -->
    """
    assert open_mail(html) == []
    assert open_mail(html + ptrack.pixel_img("ours")) != []
    assert arguments(hits) == [("ours",)]


def test_entities_in_a_url_are_resolved(hits):
    class AmpersandEncoder:
        @staticmethod
        def encrypt(*args):
            return "&".join(args)

        @staticmethod
        def decrypt(token):
            return [token.split("&"), {}]

    ptrack.ptrack_encoder = AmpersandEncoder
    open_mail('<img src="https://www.example.com/ptrack/a&amp;b/">')
    open_mail(ptrack.pixel_img("c d", "é"))
    assert arguments(hits) == [("a", "b"), ("c d", "é")]


def test_headers_may_be_given_in_both_spellings_of_django(hits):
    html = ptrack.pixel_img()
    open_mail(html, user_agent="Thunderbird", **{"Accept-Language": "de"})
    open_mail(html, HTTP_USER_AGENT="K-9", REMOTE_ADDR="192.0.2.1")
    (first, *_), (second, *_) = hits
    assert (first.headers["User-Agent"], first.headers["Accept-Language"]) == ("Thunderbird", "de")
    assert (second.headers["User-Agent"], second.META["REMOTE_ADDR"]) == ("K-9", "192.0.2.1")


def test_the_client_that_is_given_is_used(hits):
    client = Client(headers={"User-Agent": "mine"})
    responses = open_mail(ptrack.pixel_img(), client)
    assert responses[0].client is client
    assert hits[0][0].headers["User-Agent"] == "mine"


@pytest.mark.parametrize(("app_url", "secure"), [("https://mirror.example", True), ("http://mirror.example", False)])
def test_the_scheme_is_that_of_the_app_url_and_the_host_that_of_the_client(hits, app_url, secure):
    with override_settings(PTRACK_APP_URL=app_url, ALLOWED_HOSTS=["testserver"]):
        open_mail(ptrack.pixel_img())
    assert hits[0][0].is_secure() == secure
    assert hits[0][0].get_host() == "testserver"


@pytest.mark.parametrize("app_url", ["https://www.example.com/base", "https://www.example.com/base/"])
def test_the_path_of_the_app_url_is_removed_as_by_a_proxy(hits, app_url):
    with override_settings(PTRACK_APP_URL=app_url):
        open_mail(ptrack.pixel_img("x"))
    assert arguments(hits) == [("x",)]


@pytest.mark.parametrize(("prefix", "quoted"), [("/below/", "/below/"), ("/ä b/", "/%C3%A4%20b/")])
def test_a_script_prefix_is_removed_as_by_a_server(hits, prefix, quoted):
    with script_prefix(prefix):
        html = ptrack.pixel_img("x")
        assert f"{quoted}ptrack/" in html
        open_mail(html)
    assert arguments(hits) == [("x",)]


I18N = UrlConf(*i18n_patterns(path("ptrack/", include("ptrack.urls"))))


class OtherMiddleware:
    """Takes the language from the path in a way of its own."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with override(request.path[1:3]):
            return self.get_response(request)


@pytest.mark.parametrize("middleware", ["django.middleware.locale.LocaleMiddleware", f"{__name__}.OtherMiddleware"])
@override_settings(ROOT_URLCONF=I18N)
def test_an_email_in_another_language_is_opened(hits, middleware):
    with override("de"):
        html = ptrack.pixel_img("x")
    assert "/de/ptrack/" in html
    with override_settings(MIDDLEWARE=[middleware]):
        open_mail(html)
    assert arguments(hits) == [("x",)]


@pytest.mark.parametrize("message", [None, [], 5])
def test_another_type_than_an_email_is_refused(message):
    with pytest.raises(TypeError, match=rf"takes an email, .* not {type(message).__name__}\."):
        open_mail(message)


def test_an_asynchronous_client_is_refused():
    with pytest.raises(TypeError, match=r"Client, not AsyncClient"):
        open_mail("", AsyncClient())


def test_a_script_prefix_that_the_app_url_ends_in_is_removed_once(hits):
    for name in ("shop", "p", "ä b"):
        with override_settings(PTRACK_APP_URL=f"https://www.example.com/{quote(name)}"), script_prefix(f"/{name}/"):
            open_mail(ptrack.pixel_img(name))
    assert arguments(hits) == [("shop",), ("p",), ("ä b",)]


@pytest.mark.parametrize("host", ["https://mirror.example:8000", "//cdn.example", "", "http://192.0.2.1"])
def test_the_path_of_an_image_counts_and_not_its_host(hits, host):
    path = ptrack.pixel_url("x").removeprefix("https://www.example.com")
    with without_setting("PTRACK_APP_URL"):
        open_mail(f'<img src="{host}{path}">')
    assert arguments(hits) == [("x",)]


def test_a_callable_app_url_may_have_any_path(hits):
    with override_settings(PTRACK_APP_URL=lambda brand: f"https://{brand}.example/shops/{brand}"):
        open_mail(ptrack.pixel_img("one") + ptrack.pixel_img("two"))
    assert arguments(hits) == [("one",), ("two",)]


def html_part(*args, subtype="html"):
    return MIMEText(f"<p>Grüße</p>{ptrack.pixel_img(*args)}", subtype, "utf-8")


def related(*args):
    part = MIMEMultipart("related")
    part.attach(html_part(*args))
    part.attach(MIMEImage(b"GIF89a", "gif"))
    return part


def with_alternative(mimetype):
    message = EmailMultiAlternatives("s", "text", "a@example.com", ["b@example.com"])
    message.attach_alternative(f"<p>Hi</p>{ptrack.pixel_img('x')}", mimetype)
    return message


def with_attached(*parts):
    message = EmailMultiAlternatives("s", "text", "a@example.com", ["b@example.com"])
    for part in parts:
        message.attach(part)
    return message


def standard(charset="utf-8", cte="quoted-printable"):
    message = StandardMessage()
    message.set_content("Plain")
    message.add_alternative(f"<p>Hi</p>{ptrack.pixel_img('x')}", subtype="html", charset=charset, cte=cte)
    return message


AS_SENT = {
    "a charset in the type": lambda: with_alternative("text/html; charset=utf-8"),
    "a type in capitals": lambda: with_alternative("TEXT/HTML"),
    "a related part": lambda: with_attached(related("x")),
    "a part attached as it is": lambda: with_attached(html_part("x")),
    "one of the standard library": standard,
    "base64": lambda: standard(cte="base64"),
    "UTF-16": lambda: standard(charset="utf-16", cte="base64"),
    "an unknown charset": lambda: standard().as_bytes().replace(b'charset="utf-8"', b'charset="no-such"'),
    "bytes": lambda: standard().as_bytes(),
    "an email parsed by the old policy": lambda: message_from_bytes(standard().as_bytes()),
    "an email parsed by the new policy": lambda: message_from_bytes(standard().as_bytes(), policy=policy.SMTP),
    "what Django sends": lambda: with_alternative("text/html").message(),
}


# Django 6.1 deprecates it; Django 5.2 takes nothing else.
attaches_parts = pytest.mark.filterwarnings("ignore:MIMEBase attachments")


@attaches_parts
@pytest.mark.parametrize("name", AS_SENT)
def test_what_is_sent_is_opened(hits, name):
    assert len(open_mail(AS_SENT[name]())) == 1
    assert arguments(hits) == [("x",)]


@attaches_parts
def test_attached_files_and_emails_are_not_opened(hits):
    file = html_part("file")
    file["Content-Disposition"] = 'attachment; filename="report.html"'
    email = MIMEMessage(html_part("forwarded"))
    message = with_attached(file, email, html_part("amp", subtype="x-amp-html"), html_part("shown"))
    message.attach("page.html", str(ptrack.pixel_img("page")), "text/html")
    open_mail(message)
    assert arguments(hits) == [("shown",)]


class Refused(Exception):
    pass


class RefusingPixel(ptrack.TrackingPixel):
    def record(self, *args):
        raise Refused(*args)


class AsynchronousRefusingPixel(ptrack.TrackingPixel):
    async def record(self, *args):
        raise Refused("async", *args)


def test_the_exception_of_a_pixel_is_raised_where_that_is_asked_for(hits, caplog):
    html = ptrack.pixel_img(1) + ptrack.pixel_img(2)
    with temporarily(RefusingPixel):
        assert len(open_mail(html)) == 2
        with pytest.raises(Refused, match=r"^1$"):
            open_mail(html, raise_exceptions=True)
    # Both are logged too, and the pixels after it run.
    assert len(caplog.records) == 3
    assert arguments(hits) == [(1,), (2,), (1,)]


@pytest.mark.parametrize("is_logging", [True, False])
def test_it_is_raised_from_a_coroutine_too_and_without_any_logging(no_pixels, is_logging):
    logging.disable(logging.NOTSET if is_logging else logging.CRITICAL)
    try:
        with temporarily(AsynchronousRefusingPixel), pytest.raises(Refused, match="async"):
            open_mail(ptrack.pixel_img(1), raise_exceptions=True)
    finally:
        logging.disable(logging.NOTSET)


def test_without_a_failure_nothing_is_raised(hits):
    open_mail(ptrack.pixel_img("x"), raise_exceptions=True)
    assert arguments(hits) == [("x",)]


@pytest.mark.parametrize(
    ("script_name", "route"), [("/ptrack", "ptrack/"), ("/shop", ""), ("/a b", ""), ("/a/b", "b/")]
)
def test_a_script_prefix_is_removed_once_even_if_the_rest_begins_like_it(hits, script_name, route):
    with override_settings(ROOT_URLCONF=UrlConf(path(route, include("ptrack.urls")))), script_prefix(f"{script_name}/"):
        open_mail(ptrack.pixel_img("x"))
    assert arguments(hits) == [("x",)]


UNPREFIXED = UrlConf(*i18n_patterns(path("ptrack/", include("ptrack.urls")), prefix_default_language=False))


@override_settings(
    ROOT_URLCONF=UNPREFIXED, LANGUAGE_CODE="en", MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"]
)
def test_an_email_in_the_default_language_is_opened_while_another_one_is_active(hits):
    with override("en"):
        html = ptrack.pixel_img("x")
    assert "/en/" not in html
    with override("de"):
        open_mail(html)
    assert arguments(hits) == [("x",)]


@override_settings(ROOT_URLCONF=I18N, MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"], LANGUAGE_CODE="en")
def test_other_images_of_a_site_in_several_languages_are_left_alone(hits):
    with override_settings(LANGUAGES=[("en", "English"), ("de", "German")]):
        assert open_mail('<img src="https://www.example.com/de/logo.gif">') == []


def test_an_email_that_was_rendered_without_a_script_prefix_is_opened(hits):
    html = ptrack.pixel_img("x")
    for script_name in ("/ptrack/", "/shop/"):
        with script_prefix(script_name):
            open_mail(html)
    assert arguments(hits) == [("x",), ("x",)]


def translated_prefix():
    return {"de": "bild/"}.get(get_language(), "ptrack/")


@override_settings(
    ROOT_URLCONF=UrlConf(path(lazy(translated_prefix, str)(), include("ptrack.urls"))),
    MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"],
    LANGUAGES=[("en", "English"), ("de", "German")],
)
def test_an_email_with_a_translated_prefix_is_opened(hits):
    with override("de"):
        html = ptrack.pixel_img("x")
    assert "/bild/" in html
    open_mail(html, accept_language="de")
    assert arguments(hits) == [("x",)]


# temporarily


class OnePixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs): ...


class TwoPixel(OnePixel):
    pass


@pytest.mark.usefixtures("no_pixels")
def test_pixels_are_registered_for_the_length_of_a_with():
    tracker.register(SpyPixel)
    with temporarily(OnePixel, TwoPixel):
        assert list(tracker) == [SpyPixel, OnePixel, TwoPixel]
    assert list(tracker) == [SpyPixel]


@pytest.mark.usefixtures("no_pixels")
def test_a_pixel_that_is_registered_meanwhile_is_removed_too():
    with temporarily():
        tracker.register(OnePixel)
    assert list(tracker) == []


@pytest.mark.usefixtures("no_pixels")
def test_pixels_are_removed_when_the_with_fails():
    with pytest.raises(ZeroDivisionError), temporarily(OnePixel):
        raise ZeroDivisionError
    assert list(tracker) == []


@pytest.mark.usefixtures("no_pixels")
@pytest.mark.parametrize("second", [OnePixel, ptrack.TrackingPixel])
def test_no_pixel_is_registered_if_one_of_them_cannot_be(second):
    with pytest.raises(PtrackRegistrationError):
        temporarily(OnePixel, second).__enter__()
    assert list(tracker) == []


@pytest.mark.usefixtures("no_pixels")
def test_a_function_may_be_decorated():
    @temporarily(OnePixel)
    def registered():
        return list(tracker)

    assert registered() == registered() == [OnePixel]
    assert list(tracker) == []


@pytest.mark.usefixtures("no_pixels")
def test_a_coroutine_function_may_be_decorated():
    @temporarily(OnePixel)
    async def registered():
        await asyncio.sleep(0)
        return list(tracker)

    assert registered.__name__ == "registered"
    assert asyncio.run(registered()) == asyncio.run(registered()) == [OnePixel]
    assert list(tracker) == []


@pytest.mark.usefixtures("no_pixels")
def test_it_may_be_entered_again_once_it_is_left():
    pixels = temporarily(OnePixel)
    for _ in range(2):
        with pixels:
            with pytest.raises(PtrackRegistrationError, match="registered already"):
                pixels.__enter__()
            assert list(tracker) == [OnePixel]
        assert list(tracker) == []


def test_a_class_cannot_be_decorated():
    with pytest.raises(TypeError, match=r"the class OnePixel: .*enterContext"):
        temporarily(OnePixel)(OnePixel)


@pytest.mark.parametrize(
    ("forgotten", "name"),
    [(seal, "seal"), (object, "object"), (OnePixel(), r"<[\w.]+\.OnePixel object at 0x\w+>")],
)
def test_anything_but_pixels_is_refused(forgotten, name):
    with pytest.raises(TypeError, match=rf"and {name} is a subclass of neither "):
        temporarily(forgotten)


def test_nothing_is_logged_when_an_email_is_opened(hits, caplog):
    caplog.set_level(logging.INFO)
    open_mail(ptrack.pixel_img("x"))
    assert caplog.records == []


# click_links

LINK_URLS = include("ptrack.link_urls")
WITH_LINKS = UrlConf(path("ptrack/", include("ptrack.urls")), path("go/", LINK_URLS))


class ClickPixel(ptrack.TrackingLink):
    def record(self, request, url, *args):
        self.clicks.append((url, *args, request.headers.get("User-Agent")))


@pytest.fixture
def clicks(no_pixels, monkeypatch, settings):
    settings.ROOT_URLCONF = WITH_LINKS
    settings.PTRACK_LINK_ALLOWED_HOSTS = ["shop.example"]
    monkeypatch.setattr(ClickPixel, "clicks", [], raising=False)
    with temporarily(ClickPixel):
        yield ClickPixel.clicks


def link(number):
    return ptrack.link_url(f"https://shop.example/{number}?a=1&b=2", number)


def test_every_tracked_link_of_an_email_is_followed_in_the_order_of_its_parts(clicks):
    message = EmailMultiAlternatives("s", f"See {link(1)}. And ({link(2)}), or https://shop.example/.", "a@example.com")
    html = f'<a href="{link(3)}">x</a><AREA HREF=" {link(4)} "><a href="https://shop.example/">y</a><a>z</a>'
    message.attach_alternative(
        f'{html}<img src="{ptrack.pixel_url("x")}"><a href="{ptrack.pixel_url("x")}">p</a>', "text/html"
    )
    responses = click_links(message, user_agent="Firefox")
    assert [response.status_code for response in responses] == [302] * 4
    assert [response["Location"] for response in responses] == [
        f"https://shop.example/{n}?a=1&b=2" for n in (1, 2, 3, 4)
    ]
    assert clicks == [(f"https://shop.example/{n}?a=1&b=2", n, "Firefox") for n in (1, 2, 3, 4)]
    # Opening the email follows no link.
    assert len(open_mail(message)) == 1
    assert len(clicks) == 4


@pytest.mark.parametrize("translated", ["pixels", "links", "both"])
@override_settings(MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"])
def test_an_email_in_another_language_is_followed_whichever_route_is_translated(clicks, translated):
    pixels, links = path("ptrack/", include("ptrack.urls")), path("go/", include("ptrack.link_urls"))
    routes = {
        "pixels": [links, *i18n_patterns(pixels)],
        "links": [pixels, *i18n_patterns(links)],
        "both": i18n_patterns(pixels, links),
    }
    with override_settings(ROOT_URLCONF=UrlConf(*routes[translated])):
        with override("de"):
            html = f'<a href="{ptrack.link_url("https://shop.example/")}">{ptrack.pixel_img("x")}</a>'
        assert [response.status_code for response in click_links(html)] == [302]
        assert [response.status_code for response in open_mail(html)] == [200]
    assert len(clicks) == 1


def test_html_and_plain_text_are_clicked(clicks):
    click_links(f'<a href="{link(1)}">x</a>')
    click_links(f"Look at {link(2)}")
    assert [click[1] for click in clicks] == [1, 2]


@override_settings(
    MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"], LANGUAGES=[("en", "English"), ("de", "German")]
)
@pytest.mark.parametrize(
    "route",
    [
        path(lazy(translated_prefix, str)(), LINK_URLS),
        *i18n_patterns(path("go/", LINK_URLS)),
        re_path("^go/", LINK_URLS),
        path("", LINK_URLS),
    ],
)
def test_links_are_followed_whatever_their_route(clicks, settings, route):
    settings.ROOT_URLCONF = UrlConf(path("ptrack/", include("ptrack.urls")), route)
    with override("de"):
        url = link(1)
    with override("en"):
        click_links(url, accept_language="de")
    assert [click[1] for click in clicks] == [1]


def test_links_that_outlook_alone_shows_are_followed(clicks):
    click_links(f'<!--[if mso]><v:roundrect href="{link(1)}"><![endif]--><!-- <a href="{link(2)}"> -->')
    assert [click[1] for click in clicks] == [1]


def test_a_link_below_a_former_prefix_is_followed_too(clicks, settings):
    former = path("former/", LINK_URLS)
    settings.ROOT_URLCONF = UrlConf(former, *WITH_LINKS.urlpatterns)
    click_links(link(1).replace("/go/", "/former/") + " " + link(2).replace("/go/", "/g%6F/"))
    assert [click[1] for click in clicks] == [1, 2]


def test_the_exception_of_a_link_is_raised_where_that_is_asked_for(clicks, caplog):
    class RefusingLink(ptrack.TrackingLink):
        def record(self, url, *args):
            raise Refused(*args)

    with temporarily(RefusingLink):
        assert len(click_links(link(1))) == 1
        with pytest.raises(Refused, match=r"^1$"):
            click_links(link(1), raise_exceptions=True)
    assert len(caplog.records) == 2
