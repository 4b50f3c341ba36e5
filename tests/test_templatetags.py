from __future__ import annotations

import pytest
from django.template import TemplateSyntaxError, engines
from django.test import override_settings
from django.utils.safestring import mark_safe

import ptrack
from ptrack.exceptions import PtrackArgumentError

from support import WITH_LINKS

SHOP = "https://shop.example/offers/?size=42&x=1#new"


def render(source, **context):
    return engines["django"].from_string("{% load ptrack %}" + source).render(context)


def arguments_of(img):
    beginning, end = '<img src="https://www.example.com/ptrack/', '/" width=1 height=1 alt="">'
    assert img.startswith(beginning)
    assert img.endswith(end)
    return ptrack.PtrackEncoder.decrypt(img.removeprefix(beginning).removesuffix(end))


@pytest.mark.parametrize(
    ("tag", "arguments"),
    [
        ("{% ptrack %}", [[], {}]),
        ("{% ptrack 'welcome' user=user %}", [["welcome"], {"user": 7}]),
        ("{% ptrack 'a' \"b\" 3 -4 k=True %}", [["a", "b", 3, -4], {"k": True}]),
        ("{% ptrack name|upper %}", [["ADA & BOB"], {}]),
        ("{% ptrack html %}", [["<b>"], {}]),
        ("{% ptrack missing key=missing.too %}", [[""], {"key": ""}]),
        ("{% ptrack args=1 kwargs=2 token=3 %}", [[], {"args": 1, "kwargs": 2, "token": 3}]),
    ],
)
def test_the_tag_carries_what_the_template_says(tag, arguments):
    img = render(tag, user=7, name="Ada & Bob", html=mark_safe("<b>"))
    assert arguments_of(img) == arguments


def test_the_tag_may_go_into_a_variable():
    img = render("{% ptrack 'x' as pixel %}[{{ pixel }}]")
    assert arguments_of(img[1:-1]) == [["x"], {}]


def test_the_tag_is_the_same_where_escaping_is_off():
    img = render("{% autoescape off %}{% ptrack 'x' %}{% endautoescape %}")
    assert arguments_of(img) == [["x"], {}]


@pytest.mark.parametrize("value", [None, 1.5, [], {}, b"", object()])
def test_the_tag_throws_on_a_value_of_another_type(value):
    with pytest.raises(PtrackArgumentError, match=f"argument 'user' of type {type(value).__name__} "):
        render("{% ptrack user=value %}", value=value)


@pytest.mark.parametrize("tag", ["{% ptrack self=1 %}", "{% ptrack request=1 %}"])
def test_the_tag_throws_on_a_reserved_name(tag):
    with pytest.raises(PtrackArgumentError, match="choose another name"):
        render(tag)


# {% ptrack_pixel_url %}


def test_the_bare_url_is_that_of_the_img():
    url = render("{% ptrack_pixel_url 'welcome' user=7 %}")
    assert arguments_of(f'<img src="{url}" width=1 height=1 alt="">') == [["welcome"], {"user": 7}]


@pytest.mark.parametrize("name", ["self", "request"])
def test_the_bare_url_has_the_reserved_names_of_the_tag(name):
    with pytest.raises(PtrackArgumentError, match="choose another name"):
        render("{% ptrack_pixel_url " + name + "=1 %}")


# {% ptrack_link_url %}


@pytest.fixture
def _links():
    with override_settings(**WITH_LINKS):
        yield


def decoded(url):
    beginning = "https://www.example.com/go/"
    assert url.startswith(beginning)
    return ptrack.PtrackEncoder.decrypt(url.removeprefix(beginning).removesuffix("/"))


@pytest.mark.usefixtures("_links")
@pytest.mark.parametrize(
    ("tag", "arguments"),
    [
        ("{% ptrack_link_url '" + SHOP + "' %}", [[], {}]),
        ("{% ptrack_link_url url 'newsletter' reader=reader %}", [["newsletter"], {"reader": 7}]),
        ("{% ptrack_link_url safe|default:url reader=reader %}", [[], {"reader": 7}]),
    ],
)
def test_a_link_carries_its_destination_and_what_the_template_says(tag, arguments):
    for source in (tag, "{% autoescape off %}" + tag + "{% endautoescape %}"):
        args, kwargs = decoded(render(source, url=SHOP, reader=7, safe=mark_safe(SHOP)))
        assert kwargs.pop("ptrack:to") == SHOP
        assert [args, kwargs] == arguments


@pytest.mark.usefixtures("_links")
def test_a_link_may_go_into_a_variable():
    assert decoded(render("{% ptrack_link_url url as target %}[{{ target }}]", url=SHOP)[1:-1])


@pytest.mark.usefixtures("_links")
@pytest.mark.parametrize("arguments", ["", "url=url", "destination=url"])
def test_a_link_without_its_destination_first_is_refused_with_the_cure(arguments):
    with pytest.raises(PtrackArgumentError, match=r"no destination: write it first, without a name") as caught:
        render("{% ptrack_link_url " + arguments + " %}", url="plaintext")
    assert "plaintext" not in str(caught.value)


@pytest.mark.usefixtures("_links")
@pytest.mark.parametrize("name", ["self", "request", "url"])
def test_a_link_has_reserved_names(name):
    with pytest.raises(PtrackArgumentError, match="choose another name"):
        render("{% ptrack_link_url url " + name + "=1 %}", url=SHOP)


@pytest.mark.usefixtures("_links")
@pytest.mark.parametrize("destination", ["", None, "/path", "https://other.example/", "https://shop.example/a b"])
def test_a_link_throws_on_a_bad_destination(destination):
    with pytest.raises(PtrackArgumentError, match="The destination of a link "):
        render("{% ptrack_link_url url %}", url=destination)


@pytest.mark.parametrize("name", ["ptrack:to", "ptrack:x"])
@pytest.mark.parametrize("tag", ["ptrack", "ptrack_pixel_url", "ptrack_link_url"])
def test_no_template_can_write_the_name_of_a_destination(tag, name):
    source = "{% load ptrack %}{% " + tag + " 'https://shop.example/' " + name + "='x' %}"
    with override_settings(**WITH_LINKS), pytest.raises((TemplateSyntaxError, PtrackArgumentError)):
        engines["django"].from_string(source).render({})
