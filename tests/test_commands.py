from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.urls import include, path

import ptrack
from ptrack.management.commands.ptrack_decode import Command

from support import UrlConf, script_prefix, seal


def run(*args):
    out = io.StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def decode(url_or_token):
    return run("ptrack_decode", "--", url_or_token)


def url(*args, **kwargs):
    return ptrack.pixel_url(*args, **kwargs)


def token(*args, **kwargs):
    return ptrack.PtrackEncoder.encrypt(*args, **kwargs)


# ptrack_secret


def test_a_secret_of_32_characters_is_printed_alone():
    output = run("ptrack_secret")
    assert len(output) == 33
    assert output.endswith("\n")
    assert output[:-1].isascii()
    assert set(output[:-1]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_each_secret_is_fresh_and_passes_the_checks():
    secrets = {run("ptrack_secret").strip() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        with override_settings(PTRACK_SECRET=secret):
            run("check", "--deploy", "--tag", "ptrack", "--fail-level", "INFO")


# ptrack_decode


@pytest.mark.parametrize(
    "spell",
    [
        lambda url: url,
        lambda url: url.rstrip("/"),
        lambda url: f"  {url}\n",
        lambda url: url.removeprefix("https://www.example.com"),
        lambda url: url.removeprefix("https://"),
        lambda url: url + "?utm_source=mail#top",
        lambda url: url.replace("www.example.com", "mirror.example:8000/base"),
        lambda url: url.replace("/ptrack/", "/another-prefix/"),
        lambda url: url.split("/")[-2],
    ],
)
def test_the_arguments_of_any_spelling_of_an_address_are_printed(spell):
    assert decode(spell(url("welcome", 3, user=7))) == 'args: ["welcome", 3]\nkwargs: {"user": 7}\n'


def test_a_token_of_a_site_without_the_route_is_decoded():
    address = url("x")
    with override_settings(ROOT_URLCONF=UrlConf()):
        assert decode(address) == decode(address.removeprefix("https://www.example.com")) == 'args: ["x"]\nkwargs: {}\n'


def test_a_token_with_a_padding_is_decoded():
    with override_settings(PTRACK_SECRET="0123456789abcdef0123456789ABCDEF"):
        output = run(
            "ptrack_decode", "VUL9XLIhz_ulCwjKslaohawxEtMdU4GzOJ933_ZzcLiAl_IHQXRVRBmSr8flWbVI7Yze3rl5Vl0hpKPYJ09X7w=="
        )
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
def test_text_is_shown_as_it_is_unless_a_terminal_would_act_on_it(value, shown):
    assert decode(token(value)) == f"args: [{shown}]\nkwargs: {{}}\n"


def test_a_custom_encoders_address_is_decoded():
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


def test_a_prefix_that_is_quoted_in_addresses_is_found():
    urlpatterns = [path("zähler/", include("ptrack.urls"))]
    with override_settings(ROOT_URLCONF=UrlConf(*urlpatterns)):
        assert "z%C3%A4hler" in url()
        assert decode(url("x")) == 'args: ["x"]\nkwargs: {}\n'


@pytest.mark.parametrize(
    "spell",
    [
        lambda url: f'<img src="{url}" width=1 height=1 alt="">',
        lambda url: f"<IMG src='{url}'>",
        lambda url: f'"{url}"',
        lambda url: f"<{url}>",
        lambda url: f"https://mirror.example/proxy/xyz=s0-d-e1-ft#{url}",
        lambda url: f'<a href="http://[link]">x</a><img src="{url}"> https://www.example.com/ptrack/help',
        lambda url: f"https://www.example.com/ptrack/help {url.replace('/ptrack/', '/another/')}/",
        lambda url: f"[{url}]({url})",
        lambda url: f"The picture ({url}) was shown below https://www.example.com/welcome/.",
        *(
            lambda url, marks=marks: marks.format(url)
            for marks in ("{}.", "`{}`", "“{}”", "**{}**", "{}…", "see {}, ok")
        ),
        *(lambda url, marks=marks: marks.format(url[:-1]) for marks in ("see {}, ok", "({})", "{}.")),
        lambda url: f"{url.replace('/ptrack/', '/another/')}.",
    ],
)
def test_what_people_copy_along_with_an_address_is_left_aside(spell):
    assert decode(spell(url("x"))) == 'args: ["x"]\nkwargs: {}\n'


@pytest.mark.parametrize(
    "spell",
    [
        lambda url: f"{url}x",
        lambda url: f"{url}x/",
        lambda url: f"{url[:-1]},x/",
        lambda url: f"{url[:-1]}é",
        lambda url: url.split("/")[-2] + "!",
    ],
)
def test_what_goes_on_after_a_token_is_no_token(spell):
    with pytest.raises(CommandError):
        decode(spell(url("x")))


@pytest.mark.parametrize(
    ("app_url", "route", "mounted"),
    [
        ("https://h.example/ptrack", "ptrack/", "/"),
        ("https://h.example/track", "track/", "/"),
        ("https://h.example/mail/ptrack/", "ptrack/", "/"),
        ("https://h.example/mail", "", "/"),
        ("https://h.example/mail", "p/", "/mail/"),
        ("https://h.example", "", "/mail/"),
    ],
)
def test_an_address_that_has_its_prefix_twice_is_decoded(app_url, route, mounted):
    urlconf = UrlConf(path(route, include("ptrack.urls")))
    with override_settings(PTRACK_APP_URL=app_url, ROOT_URLCONF=urlconf), script_prefix(mounted):
        assert decode(ptrack.pixel_img("x")) == 'args: ["x"]\nkwargs: {}\n'


def test_an_address_below_a_script_prefix_is_decoded():
    for mount in ("/ptrack/", "/p/"):
        with script_prefix(mount):
            assert decode(url("x")) == 'args: ["x"]\nkwargs: {}\n'
            assert decode(url("x").replace(mount, "/", 1)) == 'args: ["x"]\nkwargs: {}\n'


def test_entities_in_an_image_are_resolved():
    class PlainEncoder:
        @staticmethod
        def decrypt(text):
            return [[text], {}]

    ptrack.ptrack_encoder = PlainEncoder
    assert decode('<img src="https://www.example.com/ptrack/a&amp;b/">') == 'args: ["a&b"]\nkwargs: {}\n'


@pytest.mark.parametrize("junk", ["junk", "", "/", "https://www.example.com/ptrack/", "https://www.example.com", "é"])
def test_what_cannot_be_read_is_said_without_repeating_it(junk):
    with pytest.raises(CommandError) as caught:
        decode(junk)
    assert caught.value.returncode == 1
    assert str(caught.value) == (
        "The token cannot be read: it was cut, altered or made with another secret. "
        "Keep former secrets in PTRACK_SECRET_FALLBACKS."
    )


@pytest.mark.parametrize("exception", [KeyError, ValueError])
def test_whatever_a_custom_encoder_raises_is_said(exception):
    class RaisingEncoder:
        @staticmethod
        def decrypt(text):
            raise exception(text)

    for encoder in (RaisingEncoder, RaisingEncoder()):
        ptrack.ptrack_encoder = encoder
        name = RaisingEncoder.__qualname__ if encoder is RaisingEncoder else repr(encoder)
        with pytest.raises(CommandError) as caught:
            decode("my-token")
        assert str(caught.value) == f"The encoder {name} cannot read this token: {exception.__name__}."


@pytest.mark.parametrize("text", ["https://[half-an-address", "[half://", '<img src="https://[half">'])
def test_an_address_that_is_none_is_said(text):
    with pytest.raises(CommandError, match="The token cannot be read"):
        decode(text)


@pytest.mark.parametrize("app_url", ["https://[::1", None, 5])
def test_a_broken_app_url_keeps_nothing_from_being_decoded(app_url):
    address = url("x")
    with override_settings(PTRACK_APP_URL=app_url):
        assert decode(address) == decode(address.split("/")[-2]) == 'args: ["x"]\nkwargs: {}\n'


def test_a_token_that_ends_in_marks_is_decoded():
    class MarkingEncoder(ptrack.PtrackEncoder):
        @staticmethod
        def encrypt(*args):
            return ptrack.PtrackEncoder.encrypt(*args) + "=.!"

        @staticmethod
        def decrypt(text):
            return ptrack.PtrackEncoder.decrypt(text.removesuffix("=.!"))

    ptrack.ptrack_encoder = MarkingEncoder
    for text in (url("x"), url("x")[:-1], url("x").split("/")[-2], f"See {url('x')} here."):
        assert decode(text) == 'args: ["x"]\nkwargs: {}\n'


def test_a_bad_secret_is_said():
    with override_settings(PTRACK_SECRET=None), pytest.raises(CommandError, match=r"^PTRACK_SECRET is not set: "):
        decode("junk")


@pytest.mark.parametrize("words", [["{}"], ["{}", "--no-color"], ["--no-color", "{}"], ["--", "{}"]])
def test_a_token_that_begins_with_a_hyphen_is_no_option(capsys, words):
    with_hyphen = next(text for text in iter(lambda: seal(b"[[], {}]"), None) if text.startswith("-"))
    Command().run_from_argv(["manage.py", "ptrack_decode", *(word.format(with_hyphen) for word in words)])
    assert capsys.readouterr() == ("args: []\nkwargs: {}\n", "")


def test_a_long_option_is_no_token(capsys):
    option = f"--pythonpath=/{'long' * 20}"
    Command().run_from_argv(["manage.py", "ptrack_decode", option, token()])
    assert capsys.readouterr() == ("args: []\nkwargs: {}\n", "")


def test_options_are_options(capsys):
    with pytest.raises(SystemExit):
        Command().run_from_argv(["manage.py", "ptrack_decode", "--help"])
    text = capsys.readouterr().out
    assert "[--skip-checks]" not in text
    assert " URL-or-token\n" in text
    assert "  URL-or-token          a ptrack <img>, its src, or the token alone\n" in text


# From the shell


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
