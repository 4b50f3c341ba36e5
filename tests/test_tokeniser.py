from __future__ import annotations

import random
from html.entities import html5 as named_characters

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from justhtml import JustHTML

from ptrack.tokeniser import WHITE_SPACE, Tags, start_tags

from emails import NEWSLETTER
from mutations import MARKUP, mutated


def names(html):
    """Return the names of all tags, those of end tags with a slash."""
    return [f"/{tag.name}" if tag.is_end_tag else tag.name for tag in Tags(html)]


def values(html):
    """Return the attributes of the one start tag."""
    [tag] = start_tags(html)
    return {name: attribute.value for name, attribute in tag.attributes().items()}


def end_of(html):
    tags = Tags(html)
    list(tags)
    return tags.end


# Tags


def test_tags_are_found_in_order_and_with_their_position():
    html = "1 < 2 <P>\n<br/>&lt;b></P ><v:rect\tx></custom-element>"
    found = [(tag.name, tag.is_end_tag, html[tag.start :].partition(">")[0]) for tag in Tags(html)]
    assert found == [
        ("p", False, "<P"),
        ("br", False, "<br/"),
        ("p", True, "</P "),
        ("v:rect", False, "<v:rect\tx"),
        ("custom-element", True, "</custom-element"),
    ]


def test_start_tags_leaves_end_tags_out():
    assert [tag.name for tag in start_tags("<a><b></b></a><i>")] == ["a", "b", "i"]


@pytest.mark.parametrize("text", ["", "text", "a < b", "<", "<<>", "<1>", "< a>", "<é>", "<\0a>", "< /a>", "<=>"])
def test_what_is_no_tag_is_text(text):
    assert names(f"{text}<i>") == ["i"]


@pytest.mark.parametrize(
    ("html", "name"),
    [("<a<b>", "a<b"), ("<a\0>", "a\0"), ("<a=b>", "a=b"), ("<a'>", "a'"), ("<aé>", "aé"), ("<A\xa0B>", "a\xa0b")],
)
def test_a_name_ends_at_white_space_a_slash_or_the_tag_s_end(html, name):
    assert names(html) == [name]


@pytest.mark.parametrize("end", [*WHITE_SPACE, "/", "\r\n"])
def test_white_space_and_slashes_end_a_name(end):
    assert values(f"<a{end}x=1{end * (end != '/')}>") == {"x": "1"}


def test_an_end_tag_may_have_attributes():
    assert names("</a title='>'><b>") == ["/a", "b"]


# Attributes


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('x="1"', {"x": "1"}),
        ("x='1'", {"x": "1"}),
        ("x=1", {"x": "1"}),
        ("x", {"x": ""}),
        ("x=", {"x": ""}),
        ('x=""', {"x": ""}),
        ("x='\"' y=\"'\"", {"x": '"', "y": "'"}),
        ("x='>' y=\">\"", {"x": ">", "y": ">"}),
        ("x = 1", {"x": "1"}),
        ("x\n=\n'1'\n", {"x": "1"}),
        ("X=Y", {"x": "Y"}),
        ("x='1'y='2'z", {"x": "1", "y": "2", "z": ""}),
        ("x/y", {"x": "", "y": ""}),
        ("x=1/y", {"x": "1/y"}),
        ("x='1'/y=2", {"x": "1", "y": "2"}),
        ("x=a=b", {"x": "a=b"}),
        ("x==", {"x": "="}),
        ("=x=1", {"=x": "1"}),
        ("x / = y", {"x": "", "=": "", "y": ""}),
        ("x=1\"2'3<4`", {"x": "1\"2'3<4`"}),
        ("x'y\"z<", {"x'y\"z<": ""}),
        ("\"x\"='1'", {'"x"': "1"}),
        ("data-x=1 xml:y=2 @z=3", {"data-x": "1", "xml:y": "2", "@z": "3"}),
        ("é='ü'", {"é": "ü"}),
        ("x\xa0y=1", {"x\xa0y": "1"}),
        ("/ / x / /", {"x": ""}),
    ],
)
def test_attributes_are_read_as_browsers_do(attributes, expected):
    assert values(f"<a {attributes}>") == expected


def test_the_first_of_equal_attributes_counts():
    assert values("<a x=1 X=2 x>") == {"x": "1"}
    assert values("<a x x=2>") == {"x": ""}


def test_white_space_around_a_value_is_dropped():
    assert values("<a x='\t\n\f\r 1 2\r\n' y='\xa01\u2003'>") == {"x": "1 2", "y": "\xa01\u2003"}


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_value_is_found_where_it_stands_in_the_text(quote):
    html = f"<p>é<a data-href=no href = {quote}&amp;1{quote} class>"
    *_, tag = start_tags(html)
    href = tag.attributes()["href"]
    assert (html[: href.start], html[href.start : href.end]) == (f"<p>é<a data-href=no href = {quote}", "&amp;1")


def test_a_value_is_found_with_the_white_space_around_it():
    html = '<a href=" 1 ">'
    [tag] = start_tags(html)
    href = tag.attributes()["href"]
    assert html[href.start : href.end] == " 1 "


def test_an_attribute_without_a_value_has_no_extent():
    for html in ("<a href>", "<a href=>", "<a href=''>", "<a href =\n>"):
        [tag] = start_tags(html)
        href = tag.attributes()["href"]
        assert href.start == href.end


# Character references


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&amp", "?a=1&"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("?a=1&copy=2&copy2&copyx", "?a=1&copy=2&copy2&copyx"),
        ("?a=1&reg=1", "?a=1&reg=1"),
        ("?a=1&copy;=2&copy/&copy", "?a=1©=2©/©"),
        ("&notit;", "&notit;"),
        ("&notin;&not;&not ", "∉¬¬"),
        ("&NotEqualTilde;", "≂̸"),
        ("&AMP&AMP;&Amp;", "&&&Amp;"),
        ("&frac12;&there4;", "½∴"),
        ("&hellip &unknown; &; & &&amp;", "&hellip &unknown; &; & &&"),
        ("&#65;&#x42;&#X43;&#68", "ABCD"),
        ("&#65=&#x41g&#65a", "A=AgAa"),
        ("&#;&#x;&#y;", "&#;&#x;&#y;"),
        ("&#0;&#x110000;&#xd800;&#xDFFF;", "\ufffd" * 4),
        ("&#x80;&#159;&#x81;", "€Ÿ\x81"),
        ("&#1;&#x7f;&#xfdd0;&#x10ffff;", "\x01\x7f\ufdd0\U0010ffff"),
        (f"&#{'0' * 5000}65;", "A"),
        (f"&#{'9' * 5000};&#x{'f' * 5000};", "\ufffd\ufffd"),
        ("&amp;amp;", "&amp;"),
        ("&#\u0661;", "&#\u0661;"),
    ],
)
def test_references_are_resolved_as_in_attributes(value, expected):
    assert values(f'<a x="{value}">') == {"x": expected}


def test_every_named_reference_is_known():
    for name, characters in named_characters.items():
        if characters.strip(WHITE_SPACE):
            assert values(f'<a x="&{name}">') == {"x": characters}


def test_white_space_that_a_reference_stands_for_is_kept():
    assert values("<a x=' &#10;1&Tab; '>") == {"x": "\n1\t"}


# Comments and other markup


@pytest.mark.parametrize(
    "comment",
    [
        "<!---->",
        "<!-->",
        "<!--->",
        "<!----->",
        "<!--x-->",
        "<!--x--!>",
        "<!----!>",
        "<!--x--->",
        "<!-- -- -> ->x--!x --! > --->",
        "<!--<!---->",
        "<!--<!-->",
        "<!--x--!-->",
        "<!x>",
        "<!>",
        "<!->",
        "<!- ->",
        "<?x>",
        "<?xml version='1.0'?>",
        "<?>",
        "</>",
        "</ x>",
        "</1>",
        "</é>",
        "<!doctype html>",
        '<!DOCTYPE html PUBLIC "x>',
        "<![CDATA[x>",
        "<![if !mso]>",
        "<![foo bar]>",
    ],
)
def test_a_comment_ends_where_browsers_say(comment):
    assert names(f"{comment}<i>") == ["i"]


@pytest.mark.parametrize(
    "comment", ["<!--", "<!---", "<!-- --", "<!-- --!", "<!--!>", "<!---!>", "<!-- - ->", "<!--x->"]
)
def test_a_comment_goes_on_until_it_is_closed(comment):
    assert names(f"{comment}<i>") == []
    assert names(f"{comment}<i>--><b>") == ["b"]


def test_a_tag_in_a_comment_is_none():
    assert names("<!-- <a href=x> --><!x <b ><? <b ></ <b ><i>") == ["i"]


def test_cdata_ends_at_the_first_angle_bracket():
    assert names("<![CDATA[ <b> <i> ]]>") == ["i"]


# Raw text

RAW = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"]


@pytest.mark.parametrize("name", RAW)
def test_raw_text_holds_no_tags(name):
    html = f"<{name.upper()} x='>'><b></b><!--<x </{name}x></ {name}>&lt;</{name.title()} ><i>"
    assert names(html) == [name, f"/{name}", "i"]


@pytest.mark.parametrize("end", ["/", "\n", " x='>'", "/x"])
def test_raw_text_ends_at_an_end_tag_of_any_form(end):
    assert names(f"<style>a > b</style{end}><i>") == ["style", "/style", "i"]


@pytest.mark.parametrize("name", RAW)
def test_a_slash_closes_no_raw_text(name):
    assert names(f"<{name}/><b></{name}>") == [name, f"/{name}"]


@pytest.mark.parametrize("name", [*RAW, "plaintext"])
def test_an_end_tag_begins_no_raw_text(name):
    assert names(f"</{name}><b>") == [f"/{name}", "b"]


@pytest.mark.parametrize("name", ["noscript", "pre", "listing", "svg", "math", "template", "select", "styles"])
def test_other_elements_hold_tags(name):
    assert names(f"<{name}><b></{name}>") == [name, "b", f"/{name}"]


def test_only_ascii_names_end_raw_text():
    # The long s is an s where Unicode does not mind the case.
    assert names("<style></\u017ftyle><b></style>") == ["style", "/style"]


def test_nothing_ends_plaintext():
    assert names("<plaintext><b></plaintext><b>") == ["plaintext"]


@pytest.mark.parametrize(
    "script",
    [
        "document.write('<b>')",
        "<!-- <b> -->",
        "<!-- <b>",
        "<!-- <script> <b> </script> <b> --> <b>",
        "<!-- <script> </script> <b>",
        "<!-- <SCRIPT/> <b> </SCRIPT ",
        "<!--><script>",
        "<!---><script>",
        "<!-- --><script>",
        "<!- <script>",
        "<! -- <script>",
        "<!-- <scripts>",
        "<!-- <script",
        "--> <script>",
        "<!-- <script> <!-- </script> ",
        "<!-- <script> <script> </script> ",
    ],
)
def test_a_script_ends_where_browsers_say(script):
    assert names(f"<script>{script}</script><i>") == ["script", "/script", "i"]


def test_an_inner_script_that_nothing_closes_hides_the_rest():
    assert names("<script><!-- <script> </script> <b>") == ["script"]
    assert names("<script><!-- <script> </script> </script><b>") == ["script", "/script", "b"]


# Conditional comments


def test_tags_in_a_conditional_comment_are_found():
    html = "<a><!--[if gte mso 9]><b><!-- <x> <v:rect><![endif]--><i>"
    assert [(tag.name, tag.is_conditional) for tag in Tags(html)] == [("a", False), ("b", True), ("i", False)]


@pytest.mark.parametrize(
    "condition", ["[if mso]", "[IF !mso]", "[if (gt mso 9)&(lt mso 16)]", "[if(mso)]", "[if mso | IE]"]
)
def test_a_condition_may_be_any(condition):
    assert names(f"<!--{condition}><b></b><![endif]-->") == ["b", "/b"]


@pytest.mark.parametrize(
    "start", [" [if mso]>", "[ifmso]>", "[if mso>", "[endif]>", "[else]>", "if mso]>", "[if mso] >"]
)
def test_other_comments_hold_no_tags(start):
    assert names(f"<!--{start}<b><![endif]--><i>") == ["i"]


def test_what_all_but_outlook_show_is_found_once():
    html = "<!--[if !mso]><!--><b><!--<![endif]--><![if !mso]><i><![endif]>"
    assert [(tag.name, tag.is_conditional) for tag in Tags(html)] == [("b", False), ("i", False)]


@pytest.mark.parametrize("inside", ["<style><b>", "<b x='", "<b", "</", "<!--", "<!", "<b x=y", "<plaintext>"])
def test_a_conditional_comment_ends_whatever_is_in_it(inside):
    assert names(f"<!--[if mso]><u>{inside}--><i></style>")[-2:] == ["i", "/style"]


def test_raw_text_in_a_conditional_comment_is_raw():
    assert names("<!--[if mso]><style><b></style><u><![endif]--><i>") == ["style", "/style", "u", "i"]


def test_a_value_ends_before_the_comment_does():
    html = "<!--[if mso]><b><a href=x-->"
    assert names(html) == ["b"]


def test_conditional_comments_are_not_nested():
    assert names("<!--[if mso]><!--[if mso]><b>--><i><![endif]-->") == ["i"]


# The end of the text


@pytest.mark.parametrize(
    "rest",
    [
        "<a",
        "<a href",
        "<a href='>",
        '<a href=">',
        "<a href=x",
        "</a",
        "</",
        "<!",
        "<!-",
        "<!-- -",
        "<?x",
        "<style><b>",
        "<script><!--",
        "<textarea></textarea",
        "<textarea></textarea ",
        "<script></script x='>",
        "<plaintext></plaintext>",
        "<!--[if mso]><b>",
    ],
)
def test_what_nothing_closes_hides_the_rest(rest):
    assert end_of(f"<p>é</p>{rest}") == len("<p>é</p>")


@pytest.mark.parametrize(
    "html", ["", "text", "a <", "&amp", "<b>", "<style></style>", "<!---->", "</>", "<!--[if mso]><b -->"]
)
def test_the_text_ends_where_tags_may_stand(html):
    assert end_of(html) == len(html)


# Any text


@example('<!--[if mso]><a href="x"><!-->')
@given(st.lists(st.sampled_from([*MARKUP, "[if mso]>", "script", "a", "x"])).map("".join))
def test_no_text_makes_it_raise(html):
    tags = Tags(html)
    starts = []
    for tag in tags:
        starts.append(tag.start)
        assert html[tag.start] == "<"
        for attribute in tag.attributes().values():
            assert tag.start < attribute.start <= attribute.end < tag.match.end()
    assert starts == sorted(set(starts))
    assert 0 <= tags.end <= len(html)


# Compared with a parser


def links_by_tokeniser(html):
    tags = [tag for tag in start_tags(html) if tag.name in ("a", "area") and not tag.is_conditional]
    return {tag.attributes()["href"].value for tag in tags if "href" in tag.attributes()}


def links_by_parser(html):
    document = JustHTML(html, sanitize=False, scripting_enabled=False)
    return {
        (element.attrs["href"] or "").replace("\r\n", "\n").strip(WHITE_SPACE)
        for element in document.query("a, area")
        if "href" in element.attrs
    }


def test_the_newsletter_is_read_as_by_a_parser():
    links = links_by_tokeniser(NEWSLETTER)
    assert len(links) == 27
    assert links == links_by_parser(NEWSLETTER)


def test_broken_emails_are_read_as_by_a_parser():
    rng = random.Random(18)
    differing = total = 0
    for _ in range(300):
        html = mutated(NEWSLETTER, rng)
        ours, theirs = links_by_tokeniser(html), links_by_parser(html)
        differing += len(ours ^ theirs)
        total += len(ours | theirs)
    assert total > 5000
    assert differing <= 0.005 * total
