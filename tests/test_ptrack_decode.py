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


def decode(url_or_token):
    out = io.StringIO()
    call_command("ptrack_decode", "--", url_or_token, stdout=out)
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
        lambda url: url.replace("www.example.com", "mirror.example:8000/base"),
        lambda url: url.replace("/ptrack/", "/another-prefix/"),
        lambda url: url.split("/")[-2],
    ],
)
def test_the_arguments_of_a_url_in_any_spelling_are_printed(spell):
    assert decode(spell(url("welcome", 3, user=7))) == 'args: ["welcome", 3]\nkwargs: {"user": 7}\n'


def test_a_site_without_the_route_decodes_too():
    pixel = url("x")
    with override_settings(ROOT_URLCONF=UrlConf()):
        assert decode(pixel) == decode(pixel.removeprefix("https://www.example.com")) == 'args: ["x"]\nkwargs: {}\n'


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
        lambda url: f"The image ({url}) was shown below https://www.example.com/welcome/.",
        *(
            lambda url, marks=marks: marks.format(url)
            for marks in ("{}.", "`{}`", "“{}”", "**{}**", "{}…", "see {}, ok")
        ),
        *(lambda url, marks=marks: marks.format(url[:-1]) for marks in ("see {}, ok", "({})", "{}.")),
        lambda url: f"{url.replace('/ptrack/', '/another/')}.",
    ],
)
def test_the_text_around_a_url_is_ignored(spell):
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
def test_a_token_with_further_characters_cannot_be_read(spell):
    with pytest.raises(CommandError):
        decode(spell(url("x")))


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
        assert decode(ptrack.pixel_img("x")) == 'args: ["x"]\nkwargs: {}\n'


def test_a_url_with_a_script_prefix_is_decoded():
    for prefix in ("/ptrack/", "/p/"):
        with script_prefix(prefix):
            assert decode(url("x")) == 'args: ["x"]\nkwargs: {}\n'
            assert decode(url("x").replace(prefix, "/", 1)) == 'args: ["x"]\nkwargs: {}\n'


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
    message = str(caught.value)
    assert "PTRACK_SECRET_FALLBACKS" in message
    assert "junk" not in message


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
    with pytest.raises(CommandError, match="The token cannot be read"):
        decode(text)


@pytest.mark.parametrize("app_url", ["https://[::1", None, 5])
def test_a_broken_app_url_does_not_matter(app_url):
    pixel = url("x")
    with override_settings(PTRACK_APP_URL=app_url):
        assert decode(pixel) == decode(pixel.split("/")[-2]) == 'args: ["x"]\nkwargs: {}\n'


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
        assert decode(text) == 'args: ["x"]\nkwargs: {}\n'


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
    assert " URL-or-token" in text


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
