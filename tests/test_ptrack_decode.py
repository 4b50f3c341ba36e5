from __future__ import annotations

import base64
import html
import io
import json
import os
import quopri
import subprocess
import sys
from email.message import EmailMessage as StandardMessage
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.console import EmailBackend
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from django.urls import include, path

import ptrack
from ptrack.management.commands.ptrack_decode import Command

from support import UrlConf, script_prefix, seal


def decode(text, **options):
    out = io.StringIO()
    call_command("ptrack_decode", *([] if text is None else ["--", text]), stdout=out, **options)
    return out.getvalue()


def url(*args, **kwargs):
    return ptrack.pixel_url(*args, **kwargs)


def token(*args, **kwargs):
    return ptrack.PtrackEncoder.encrypt(*args, **kwargs)


@pytest.mark.parametrize(
    "spell",
    [
        lambda url: url,
        lambda url: url.rstrip("/"),
        lambda url: f"  {url}\n",
        lambda url: url.removeprefix("https://www.example.com"),
        lambda url: url.removeprefix("https://"),
        lambda url: url + "?utm_source=mail#top",
        lambda url: url.replace("www.example.com", "mirror.example:8000"),
        lambda url: url.split("/")[-2],
    ],
)
def test_the_arguments_of_a_url_in_any_spelling_are_printed(spell):
    assert decode(spell(url("welcome", 3, user=7))) == 'args: ["welcome", 3]\nkwargs: {"user": 7}\n'


PRINTED = 'args: ["x"]\nkwargs: {}\n'


def assert_obstacle(text, obstacle):
    """Assert that a text is decoded, and that the command says why the site does not take its URL."""
    output = decode(text)
    assert output.startswith(PRINTED)
    [note] = output.removeprefix(PRINTED).splitlines()
    assert "as it stands" in note
    assert obstacle in note


def test_a_site_without_the_route_decodes_too():
    pixel = url("x")
    with override_settings(ROOT_URLCONF=UrlConf()):
        for text in (pixel, pixel.removeprefix("https://www.example.com")):
            assert_obstacle(text, "does not include ptrack.urls")


@pytest.mark.parametrize(
    ("spell", "obstacle"),
    [
        (lambda url: url.replace("www.example.com", "www.example.com/base"), "begins with '/base/ptrack/'"),
        (lambda url: url.replace("/ptrack/", "/another-prefix/"), "begins with '/another-prefix/'"),
        (lambda url: url.replace("/ptrack/", "/ptrack//"), "begins with '/ptrack//'"),
        (lambda url: f"{url}/", "'//' follows the token"),
        (lambda url: f"{url}x", "'/x' follows the token"),
        (lambda url: f"{url}x/", "'/x/' follows the token"),
        (lambda url: f"{url[:-1]},x/", "',x/' follows the token"),
        (lambda url: f"{url[:-1]}é", "'é' follows the token"),
        (lambda url: f"{url}%E2%80%8B", "'/\\u200b' follows the token"),
        (lambda url: f"https://www.example.com/ptrack/help {url.replace('/ptrack/', '/another/')}", "'/another/'"),
        (lambda url: f"{url.replace('/ptrack/', '/another/')}.", "'/.' follows the token"),
        (lambda url: f"{url}.", "'/.' follows the token"),
        (lambda url: f"`{url}`", "'/`' follows the token"),
        (lambda url: f"**{url}**", "'/**' follows the token"),
        (lambda url: f"The image ({url}) was shown", "'/)' follows the token"),
        (lambda url: f"see {url[:-1]}, ok", "',' follows the token"),
        (lambda url: f"“{url}”", "'/”' follows the token"),
        (lambda url: f"2026,{url[len('https://www.example.com') :]},200", "'/,200' follows the token"),
    ],
)
def test_what_keeps_the_site_from_taking_a_url_is_said(opens, spell, obstacle):
    text = spell(url("x"))
    assert_obstacle(text, obstacle)
    # The command and the site agree.
    for word in text.split():
        if "://" in word:
            Client().get("/" + word.partition("://")[2].partition("/")[2])
    assert opens == []


def test_a_token_with_padding_is_decoded():
    with override_settings(PTRACK_SECRET="0123456789abcdef0123456789ABCDEF"):
        output = decode("VUL9XLIhz_ulCwjKslaohawxEtMdU4GzOJ933_ZzcLiAl_IHQXRVRBmSr8flWbVI7Yze3rl5Vl0hpKPYJ09X7w==")
    assert output == 'args: ["a\\u0000b\\ud800"]\nkwargs: {}\n'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("é € 😀", '"é € 😀"'),
        ("\x1b[2J", '"\\u001b[2J"'),
        ("\x9b2J", '"\\u009b2J"'),
        ("\u202egnp.exe", '"\\u202egnp.exe"'),
        ("line\nbreak", '"line\\nbreak"'),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_text_that_a_terminal_would_obey_is_escaped(value, shown):
    assert decode(token(value)) == f"args: [{shown}]\nkwargs: {{}}\n"


def test_the_url_of_a_custom_encoder_is_decoded():
    class SlashEncoder:
        @staticmethod
        def encrypt(*args):
            return "/".join(args) + "&"

        @staticmethod
        def decrypt(text):
            return [[text, object], {}]

    ptrack.ptrack_encoder = SlashEncoder
    assert url("a", "b c") == "https://www.example.com/ptrack/a/b%20c%26/"
    expected = 'args: ["a/b c&", "<class \'object\'>"]\nkwargs: {}\n'
    assert decode(url("a", "b c")) == expected
    assert decode("a/b c&") == expected
    assert decode(url("a", "ptrack", "b")).startswith('args: ["a/ptrack/b&"')
    assert decode("https://mirror.example/pixels/tokenX/").startswith('args: ["tokenX"')
    assert decode(url("\x9b")).startswith('args: ["\\u009b&", "<class \'object\'>"]')


def test_a_url_with_a_quoted_prefix_is_decoded():
    urlpatterns = [path("zähler/", include("ptrack.urls"))]
    with override_settings(ROOT_URLCONF=UrlConf(*urlpatterns)):
        assert "z%C3%A4hler" in url()
        assert decode(url("x")) == PRINTED


@pytest.mark.parametrize(
    "spell",
    [
        lambda url: f'<img src="{url}" width=1 height=1 alt="">',
        lambda url: f"<IMG src='{url}'>",
        lambda url: f'"{url}"',
        lambda url: f"<{url}>",
        lambda url: f"https://mirror.example/proxy/xyz=s0-d-e1-ft#{url}",
        lambda url: f'<a href="http://[link]">x</a><img src="{url}"> https://www.example.com/ptrack/help',
        lambda url: f"The image {url} was shown below https://www.example.com/welcome/.",
    ],
)
def test_the_text_around_a_url_is_ignored(spell):
    assert decode(spell(url("x"))) == PRINTED


@pytest.mark.parametrize("shape", ["{}!", "({}", "{}.", "token={}", "'{}'", "{}, and more"])
def test_a_token_alone_is_found_among_other_characters(shape):
    assert decode(shape.format(token("x"))) == PRINTED


@pytest.mark.parametrize(
    "shape", ["{0},{1}", "{0};{1}", "{0}|{1}", "{{{0},{1}}}", "{0}&nbsp;{1}", "{0}&lt;br&gt;{1}", "{0}\\n{1}", "{0}{1}"]
)
def test_every_url_of_a_word_is_found_in_order(shape):
    output = decode(shape.format(url(1), url(2)))
    assert [line for line in output.splitlines() if line.startswith("args")] == ["args: [1]", "args: [2]"]


def test_the_order_is_that_of_the_text():
    emails = [email_with(HTML.format(ptrack.pixel_img(number))).message().as_string() for number in (2, 4)]
    log_lines = [f"GET {url(number)} 200\n" for number in (1, 3)]
    text = "".join(f"{line}\n{source}\n{'-' * 79}\n" for line, source in zip(log_lines, emails, strict=True))
    assert [line for line in decode(text).splitlines() if line.startswith("args")] == [
        f"args: [{number}]" for number in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: json.dumps({"html": ptrack.pixel_img("x"), "content": "/9j/" + "AB/d" * 200_000}),
        lambda: "/ptrack/" * 100_000 + " " + url("x"),
        lambda: "x://?a=" * 28_000 + " " + url("x"),
        lambda: nested_email(1500),
        lambda: "&" * 200_000 + " " + url("x"),
        lambda: f"&#{'9' * 5000}; {url('x')}",
        lambda: f"Content-Type: text/html; charset=idna\n\n{url('x')}",
        lambda: f"Content-Type: text/html; charset=undefined\n\n{url('x')}",
        lambda: f"Content-Type: text/html; a*0*\n\n{url('x')}",
        lambda: f"Content-Type: text/html; boundary*=idna''%ff\n\n{url('x')}",
        lambda: f"Content-Type: text/html; a={'(c)' * 8000}\n\n{url('x')}",
        lambda: json.dumps(f"Content-Type: text/html; \ud800\n\n{url('x')}"),
        lambda: "https://a.example/" * 10_000 + " " + url("x"),
        lambda: "> " * 100_000 + url("x"),
    ],
)
def test_a_large_or_deep_text_is_read(make):
    assert decode(make()).startswith(PRINTED)


def test_what_is_nested_deeper_than_anybody_does_is_read_as_far_as_it_goes():
    source = wrapped = url("x")
    for _ in range(9):
        source = json.dumps(source.replace("/", "\\/"))
        wrapped = f"https://safelinks.example/?url={quote(wrapped, safe='')}"
    assert decode(source).startswith(PRINTED)
    with pytest.raises(CommandError):
        decode(wrapped)


def nested_email(depth):
    source = f"Content-Type: text/html\n\n{ptrack.pixel_img('x')}\n"
    for number in range(depth):
        source = f"Content-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n{source}\n--b{number}--\n"
    return source


@pytest.mark.parametrize(
    ("app_url", "route", "script_name"),
    [
        ("https://h.example/ptrack", "ptrack/", "/"),
        ("https://h.example/track", "track/", "/"),
        ("https://h.example/base/ptrack/", "ptrack/", "/"),
        ("https://h.example/base", "", "/"),
        ("https://h.example/base", "p/", "/base/"),
        ("https://h.example", "", "/base/"),
    ],
)
def test_a_url_that_holds_its_prefix_twice_is_decoded(app_url, route, script_name):
    urlconf = UrlConf(path(route, include("ptrack.urls")))
    with override_settings(PTRACK_APP_URL=app_url, ROOT_URLCONF=urlconf), script_prefix(script_name):
        assert decode(ptrack.pixel_img("x")) == PRINTED


def test_a_url_with_a_script_prefix_is_decoded():
    for prefix in ("/ptrack/", "/p/"):
        with script_prefix(prefix):
            assert decode(url("x")) == PRINTED
            assert decode(url("x").replace(prefix, "/", 1)) == PRINTED


def test_entities_in_an_image_are_resolved():
    class PlainEncoder:
        @staticmethod
        def decrypt(text):
            return [[text], {}]

    ptrack.ptrack_encoder = PlainEncoder
    assert decode('<img src="https://www.example.com/ptrack/a&amp;b/">') == 'args: ["a&b"]\nkwargs: {}\n'


@pytest.mark.parametrize("junk", ["junk", "", "/", "https://www.example.com/ptrack/", "https://www.example.com", "é"])
def test_a_text_that_cannot_be_read_is_not_repeated(junk):
    with pytest.raises(CommandError) as caught:
        decode(junk)
    assert caught.value.returncode == 1
    assert "junk" not in str(caught.value)


def test_a_text_without_a_token_is_told_from_a_token_that_cannot_be_read():
    for text in ("Hello, dear reader", "", "https://www.example.com/about/", "Content-Type: text/html\n\n<p>Hi</p>"):
        with pytest.raises(CommandError, match="holds no URL of a pixel or a link, and no token"):
            decode(text)
    altered = token("x")
    altered = altered[:-1] + ("A" if altered[-1] != "A" else "B")
    for text in (url("x")[:-9], "https://www.example.com/ptrack/junk/", f"See {altered}"):
        with pytest.raises(CommandError, match="PTRACK_SECRET_FALLBACKS"):
            decode(text)


def test_another_route_that_comes_first_is_named():
    urlconf = UrlConf(path("ptrack/<str:x>/", lambda request, x: None), path("ptrack/", include("ptrack.urls")))
    with override_settings(ROOT_URLCONF=urlconf):
        assert_obstacle("https://www.example.com" + url("x")[23:], "another route")


def test_arguments_of_a_wrong_shape_are_not_printed():
    class ShapelessEncoder:
        @staticmethod
        def decrypt(text):
            return [text, 5]

    ptrack.ptrack_encoder = ShapelessEncoder
    with pytest.raises(CommandError, match="TypeError"):
        decode("https://www.example.com/ptrack/x/")


@pytest.mark.parametrize("exception", [KeyError, ValueError])
def test_an_exception_of_a_custom_encoder_is_named_without_its_message(exception):
    class RaisingEncoder:
        @staticmethod
        def decrypt(text):
            raise exception(text)

    for encoder in (RaisingEncoder, RaisingEncoder()):
        ptrack.ptrack_encoder = encoder
        name = RaisingEncoder.__qualname__ if encoder is RaisingEncoder else repr(encoder)
        with pytest.raises(CommandError) as caught:
            decode("my-token")
        message = str(caught.value)
        assert name in message
        assert exception.__name__ in message
        assert "my-token" not in message


@pytest.mark.parametrize("text", ["https://[half-a-url", "[half://", '<img src="https://[half">'])
def test_a_broken_url_cannot_be_read(text):
    with pytest.raises(CommandError, match=r"holds no URL of a pixel|cannot be read"):
        decode(text)


@pytest.mark.parametrize("app_url", ["https://[::1", None, 5])
def test_a_broken_app_url_does_not_matter(app_url):
    pixel = url("x")
    with override_settings(PTRACK_APP_URL=app_url):
        assert decode(pixel) == decode(pixel.split("/")[-2]) == PRINTED


def test_a_token_that_ends_in_punctuation_is_decoded():
    class MarkingEncoder(ptrack.PtrackEncoder):
        @staticmethod
        def encrypt(*args):
            return ptrack.PtrackEncoder.encrypt(*args) + "=.!"

        @staticmethod
        def decrypt(text):
            return ptrack.PtrackEncoder.decrypt(text.removesuffix("=.!"))

    ptrack.ptrack_encoder = MarkingEncoder
    for text in (url("x"), url("x")[:-1], url("x").split("/")[-2], f"See {url('x')} here."):
        assert decode(text) == PRINTED


def test_a_bad_secret_is_reported():
    with override_settings(PTRACK_SECRET=None), pytest.raises(CommandError, match=r"^PTRACK_SECRET is not set: "):
        decode("junk")


@pytest.mark.parametrize("words", [["{}"], ["{}", "--no-color"], ["--no-color", "{}"], ["--", "{}"]])
def test_a_token_that_begins_with_a_hyphen_is_not_taken_for_an_option(capsys, words):
    with_hyphen = next(text for text in iter(lambda: seal(b"[[], {}]"), None) if text.startswith("-"))
    Command().run_from_argv(["manage.py", "ptrack_decode", *(word.format(with_hyphen) for word in words)])
    assert capsys.readouterr() == ("args: []\nkwargs: {}\n", "")


def test_a_long_option_is_not_taken_for_a_token(capsys):
    option = f"--pythonpath=/{'long' * 20}"
    Command().run_from_argv(["manage.py", "ptrack_decode", option, token()])
    assert capsys.readouterr() == ("args: []\nkwargs: {}\n", "")


def test_the_help_names_the_argument(capsys):
    with pytest.raises(SystemExit):
        Command().run_from_argv(["manage.py", "ptrack_decode", "--help"])
    text = capsys.readouterr().out
    assert " TEXT" in text
    assert "--file PATH" in text


# What people have in hand


def email_with(html, cte=None, **options):
    message = EmailMultiAlternatives("Hello", "Plain text", "news@example.com", ["ada@example.com"], **options)
    message.attach_alternative(html, "text/html")
    return message


HTML = "<p>Grüße, dear reader of a line that is long enough to be broken by any transfer encoding</p>{}"


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_the_source_of_an_email_is_decoded_whatever_its_transfer_encoding(encoding, line_break):
    message = StandardMessage()
    message["Subject"] = "Hello"
    message.set_content("Plain text")
    message.add_alternative(HTML.format(ptrack.pixel_img("x")), subtype="html", cte=encoding)
    source = message.as_bytes().decode()
    assert (ptrack.pixel_url("x") in source) is False
    for text in (source, f"From ada@example.com Thu Nov 26 10:00:00 2026\n{source}", f"Sending ...\n\n{source}"):
        assert decode(text.replace("\n", line_break)) == PRINTED


def test_a_forwarded_email_within_an_email_is_decoded():
    inner, outer = StandardMessage(), StandardMessage()
    inner.set_content(HTML.format(ptrack.pixel_img("x")), subtype="html", cte="quoted-printable")
    outer.set_content("See below.")
    outer.add_attachment(inner)
    assert decode(outer.as_string()) == PRINTED


@pytest.mark.parametrize("encode", [quopri.encodestring, base64.encodebytes])
def test_a_piece_of_the_source_is_decoded(encode):
    assert decode(encode(HTML.format(ptrack.pixel_img("x")).encode()).decode()) == PRINTED


def test_what_the_console_backend_prints_is_decoded_with_every_pixel_once_and_in_order():
    out = io.StringIO()
    backend = EmailBackend(stream=out)
    for number in (1, 2):
        pixels = ptrack.pixel_img(number) * 2 + ptrack.pixel_img(number, twice=True)
        backend.send_messages([email_with(HTML.format(pixels), connection=backend)])
    assert decode(out.getvalue()).split("\n\n") == [
        "args: [1]\nkwargs: {}",
        'args: [1]\nkwargs: {"twice": true}',
        "args: [2]\nkwargs: {}",
        'args: [2]\nkwargs: {"twice": true}\n',
    ]


PATH = slice(len("https://www.example.com"), None)

IN_HAND = {
    "a line of an access log": lambda url: (
        f'192.0.2.9 - - [25/Nov/2026:10:00:00 +0000] "GET {url[PATH]} HTTP/1.1" 200 43 "-" "Mozilla/5.0"'
    ),
    "a line of a log in JSON": lambda url: json.dumps({"status": 200, "path": url[PATH], "agent": "Mozilla/5.0"}),
    "HTML in JSON": lambda url: json.dumps({"html": f'<img src="{url}" width=1 height=1 alt="">'}),
    "JSON with escaped slashes": lambda url: json.dumps({"html": f'<img src="{url}">'}).replace("/", "\\/"),
    "HTML in JSON in JSON": lambda url: json.dumps(json.dumps({"html": f'<img src="{url}">'})),
    "decimal entities": lambda url: url.replace("/", "&#47;").replace(":", "&#58;"),
    "hexadecimal entities": lambda url: url.replace("/", "&#x2F;"),
    "escaped HTML": lambda url: html.escape(f'<img src="{url}" width=1>'),
    "Gmail": lambda url: f"https://ci3.googleusercontent.com/meips/ADKq_Nbxyz=s0-d-e1-ft#{url}",
    "Yahoo": lambda url: f"https://ecp.yusercontent.com/mail?url={quote(url, safe='')}&t=1744105488&sig=gF7--~D",
    "Safe Links": lambda url: (
        f"https://nam10.safelinks.protection.outlook.com/?url={quote(url, safe='')}&data=04%7C01%7Cx%40example.com"
    ),
    "DuckDuckGo": lambda url: f"https://external-content.duckduckgo.com/iu/?u={quote(url, safe='')}",
    "Barracuda": lambda url: (
        f"https://linkprotect.cudasvc.com/url?a={quote(url, safe='').replace('%2F', '%2f')}&c=E,1,abc&typo=1"
    ),
    "Proofpoint": lambda url: f"https://urldefense.com/v3/__{url}__;!!Abc123!xyz$",
    "Proofpoint without a slash": lambda url: f"https://urldefense.com/v3/__{url.rstrip('/')}__;!!Abc123!xyz$",
    "two wrappings": lambda url: (
        "https://x.safelinks.protection.outlook.com/?url="
        + quote(f"https://urldefense.com/v3/__{url}__;!!Abc!x$", safe="")
    ),
    "a quoted URL": lambda url: quote(url, safe=""),
    "Proofpoint with one slash": lambda url: f"https://urldefense.com/v3/__{url.replace('://', ':/')}__;!!Abc!xyz$",
    "Proofpoint 2": lambda url: (
        "https://urldefense.proofpoint.com/v2/url?u="
        + quote(url, safe="").replace("_", "%5F").replace("-", "%2D").replace("%2F", "_").replace("%", "-")
        + "&d=DwMFaQ&c=abc"
    ),
    "Cisco": lambda url: f"https://secure-web.cisco.com/1abc-def/{quote(url, safe='')}",
    "no scheme and no host": lambda url: url[PATH].lstrip("/"),
    "an email as JSON": lambda url: json.dumps(email_with(HTML.format(f'<img src="{url}">')).message().as_string()),
    "a quoted email": lambda url: "".join(
        f"> {line}" for line in quopri.encodestring(f'<img src="{url}">'.encode()).decode().splitlines(True)
    ),
    "an attached email in base64": lambda url: base64.encodebytes(
        email_with(HTML.format(f'<img src="{url}">')).message().as_bytes()
    ).decode(),
    "a quoted-printable soft line break": lambda url: f"{url[:60]}=\n{url[60:]}",
}


@pytest.mark.parametrize("name", IN_HAND)
def test_what_people_have_in_hand_is_decoded(name):
    text = IN_HAND[name](url("x"))
    assert decode(text) == PRINTED


def test_a_text_is_read_from_a_file_and_from_the_standard_input(tmp_path, monkeypatch):
    file = tmp_path / "email.eml"
    for content in (b"\xe4=\xff " + url("x").encode(), f"See {url('x')}".encode("utf-16")):
        file.write_bytes(content)
        assert decode(None, file=file) == PRINTED
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
        assert decode("-") == PRINTED
    assert decode(f"\udce4= {url('x')}") == PRINTED


def test_a_text_and_a_file_exclude_each_other(tmp_path):
    for arguments in ({"text": None}, {"text": "x", "file": tmp_path}):
        with pytest.raises(CommandError, match="either a text"):
            decode(**arguments)
    with pytest.raises(CommandError, match=r"missing\.eml cannot be read"):
        decode(None, file=tmp_path / "missing.eml")


def test_the_front_of_a_url_of_a_callable_app_url_may_be_anything():
    with override_settings(PTRACK_APP_URL=lambda *args, **kwargs: "https://www.example.com/brand/one"):
        assert decode(url("x")) == PRINTED


def test_the_destination_of_a_link_is_shown():
    urlconf = UrlConf(path("ptrack/", include("ptrack.urls")), path("go/", include("ptrack.link_urls")))
    with override_settings(ROOT_URLCONF=urlconf, PTRACK_LINK_ALLOWED_HOSTS=["shop.example"]):
        link = ptrack.link_url("https://shop.example/?size=42#new", "x")
        assert decode(link) == 'args: ["x"]\nkwargs: {}\ndestination: "https://shop.example/?size=42#new"\n'
        assert_obstacle_of(f"{link}.", "'/.' follows the token")


def assert_obstacle_of(text, obstacle):
    assert obstacle in decode(text).splitlines()[-1]


# In a shell


def manage(*args, **env):
    return subprocess.run(
        [sys.executable, "-m", "django", *args],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(ptrack.__file__).parents[1])]),
            **env,
        },
    )


def test_the_commands_work_from_a_shell():
    secret = manage("ptrack_secret")
    assert (secret.returncode, len(secret.stdout.strip()), secret.stderr) == (0, 32, "")
    decoded = manage("ptrack_decode", url("welcome", user=7))
    assert (decoded.returncode, decoded.stderr) == (0, "")
    assert decoded.stdout == 'args: ["welcome"]\nkwargs: {"user": 7}\n'
    refused = manage("ptrack_decode", "junk")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("CommandError: The token cannot be read: ")
    assert len(refused.stderr.splitlines()) == 1
