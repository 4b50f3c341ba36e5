from __future__ import annotations

import pytest
from django.template import engines
from django.utils.safestring import mark_safe

import ptrack
from ptrack.exceptions import PtrackArgumentError


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
