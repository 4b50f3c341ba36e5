"""The steps of the story: an email is sent and opened, a link is clicked, and somebody guesses URLs."""

import platform
from typing import Any

import django

from .email_client import BROWSER, EMAIL_CLIENT, Answer, Element, describe, find_elements, request
from .output import Output, expect
from newsletter import emails, readers, recorded

NUMBER = 12
READER = readers.ZOE
#: What the tags in the template are given, a link's after its destination.
ARGS, KWARGS = ("newsletter",), {"number": NUMBER, "reader": READER.id}


def show_steps(output: Output, site_url: str) -> None:
    """Go through the steps, and print them. Raises ``DemoError`` where something is not as it should be."""
    print("ptrack puts an invisible image into an email, and lets links lead through your site. An email client that")
    print("opens the email requests the image, a click requests the link, and their URLs tell which email it was.")
    print(f"Here is how, on Django {django.get_version()} and Python {platform.python_version()}.")
    send(output)
    image, link = read(output, site_url)
    answer = open_email(output, image)
    show_the_open(output)
    destination = click(output, link, site_url)
    show_the_click(output, destination)
    guess(output, image, link, answer)
    send_to_a_reader_who_did_not_agree(output, destination)
    track_a_whole_email(output, destination)
    print("\nAll went well: three emails were sent, and two opens and two clicks were recorded.")


def send(output: Output) -> None:
    output.step("Django renders a template with the tags, and sends the email: here, into a file.")
    output.line("template", emails.HTML_TEMPLATE)
    output.line("pixel", tags_in(emails.HTML_TEMPLATE, "ptrack", 1)[0])
    output.line("links", tags_in(emails.HTML_TEMPLATE, "ptrack_link_url", 2)[0])
    output.line("", "and one more")
    output.line("values", f"number is {NUMBER}, reader.id is {READER.id}")
    sent, paths = emails.send_newsletter(NUMBER, READER), emails.sent_emails()
    expect(sent == len(paths) == 1, f"Django sent {sent} emails, and {len(paths)} are in the folder, not one.")
    output.line("file", f"{paths[0]}, {paths[0].stat().st_size} bytes, removed at the end")


def read(output: Output, site_url: str) -> tuple[Element, Element]:
    """Return the image and the first link of the email."""
    output.step("An email client reads the file, and finds one image and two links in the HTML.")
    message = emails.read_email(emails.sent_emails()[0])
    images, links = find_elements(emails.html_of(message))
    expect(len(images) == 1, f"the email's HTML should have one <img>, and has {len(images)}.")
    expect(len(links) == 2, f"the email's HTML should have two links, and has {len(links)}.")
    for element in (*images, *links):
        expect(element.url.startswith(f"{site_url}/"), f"{element.html} is not on the server, {site_url}.")
    image, link = images[0], links[0]
    output.line("to", message["To"])
    output.line("subject", message["Subject"])
    output.line("image", image.shorten(image.html))
    output.line("token", f"the tag's arguments, encrypted; shortened here from {len(image.token)} characters")
    output.line("link", link.shorten(link.html))
    output.line("token", f"the same and the destination, encrypted, {len(link.token)} characters")
    return image, link


def open_email(output: Output, image: Element) -> Answer:
    output.step("The email client shows the email to the reader, and requests the image over HTTP.")
    expect(not recorded.opens.latest(), "an open was recorded before the email was opened.")
    answer = request(image.url, EMAIL_CLIENT)
    output.line("request", image.shorten(f"GET {image.url}"))
    output.line("response", describe(answer))
    output.line("", f"Cache-Control: {answer.headers.get('cache-control', '')}")
    output.line("time", f"{answer.milliseconds:.1f} ms, including the HTTP round trip")
    return answer


def show_the_open(output: Output) -> None:
    output.step("Before the server answered, ptrack called the project's pixel in newsletter/pixels.py.")
    show_the_record(output, recorded.opens, "the image was requested once", ARGS)
    expect(not recorded.clicks.latest(), "a click was recorded, and nobody has clicked.")


def click(output: Output, link: Element, site_url: str) -> str:
    """Return the destination."""
    output.step("The reader clicks the first link, and a browser requests it.")
    answer = request(link.url, BROWSER)
    expect(answer.status == "302 Found", f"the server answered {answer.status}, not with a redirect.")
    destination = answer.headers.get("location", "")
    expect(destination.startswith(f"{site_url}/articles/"), f"the link leads to {destination or 'nowhere'}.")
    output.line("request", link.shorten(f"GET {link.url}"))
    output.line("response", f"{answer.status}, to {destination}")
    output.line("time", f"{answer.milliseconds:.1f} ms, including the HTTP round trip")
    page = request(destination, BROWSER)
    expect(page.status == "200 OK", f"the page behind the link answered {page.status}.")
    output.line("page", f"{page.status}, {len(page.body)} bytes: the article")
    return destination


def show_the_click(output: Output, destination: str) -> None:
    output.step("Before the redirect, ptrack called the project's ClickLog in newsletter/pixels.py.")
    show_the_record(output, recorded.clicks, "one link was clicked once", (destination, *ARGS))
    expect(len(recorded.opens.latest()) == 1, "the click was recorded as an open, too.")


def show_the_record(output: Output, log: recorded.Log, what_happened: str, args: tuple[Any, ...]) -> None:
    records = log.latest()
    expect(
        len(records) == 1,
        f"{what_happened}, and {len(records)} were recorded. "
        "Does newsletter/pixels.py register one pixel and one link, and does each record() add to its log?",
    )
    [record] = records
    output.line("called", record.call)
    output.line("by", f"{record.kind}: {record.user_agent}")
    expect(record.kind == "person", f"ptrack took the reader for another kind of client: {record.kind}.")
    given = recorded.format_call("record", args, KWARGS)
    expect((record.args, record.kwargs) == (args, KWARGS), f"the tag was given something else: {given}")
    output.line("compared", "this is exactly what the tag was given")


def guess(output: Output, image: Element, link: Element, good_answer: Answer) -> None:
    output.step("Somebody guesses: the same URLs, with one character of the token changed.")
    answer = request(with_another_token(image), EMAIL_CLIENT)
    output.line("image", describe(answer))
    looks_alike = (answer.status, answer.body) == (good_answer.status, good_answer.body)
    expect(looks_alike, "the answer to a guess looks different.")
    output.line("", "the same image, so the guess tells nothing")
    answer = request(with_another_token(link), BROWSER)
    expect(answer.status == "404 Not Found", f"the server answered {answer.status} to a link that nobody made.")
    output.line("link", f"{answer.status}: nobody can make a link that leads elsewhere")
    expect_no_more_records("for a token that was changed")
    output.line("called", "nothing")


def send_to_a_reader_who_did_not_agree(output: Output, destination: str) -> None:
    output.step("Another reader has not agreed to be tracked: newsletter/readers.py says so to ptrack.")
    emails.send_newsletter(NUMBER, readers.NOAH)
    message = emails.read_email(emails.sent_emails()[1])
    images, links = find_elements(emails.html_of(message))
    output.line("to", message["To"])
    expect(not images, f"the email of a reader who has not agreed holds an image: {len(images)}.")
    output.line("image", "none")
    expect([link.url for link in links][:1] == [destination], "the link should lead straight to the article.")
    output.line("link", links[0].html)
    request(links[0].url, BROWSER)
    expect_no_more_records("for a reader who has not agreed")
    output.line("called", "nothing")


def track_a_whole_email(output: Output, destination: str) -> None:
    output.step("Another email has no tags at all. ptrack.track_message puts in the image, and tracks the links.")
    emails.send_invitation(READER)
    images, links = find_elements(emails.html_of(emails.read_email(emails.sent_emails()[2])))
    expect(len(images) == 1, f"the email's HTML should have one <img>, and has {len(images)}.")
    expect(len(links) == 2, f"the email's HTML should have two links, and has {len(links)}.")
    image, (link, unsubscribe) = images[0], links
    output.line("template", emails.INVITATION_TEMPLATE)
    output.line("image", image.shorten(image.html))
    output.line("link", link.shorten(link.html))
    expect(unsubscribe.url == f"{destination}?unsubscribe", f"a link to unsubscribe was changed: {unsubscribe.url}")
    output.line("untouched", unsubscribe.html)
    request(image.url, EMAIL_CLIENT)
    answer = request(link.url, BROWSER)
    expect(answer.headers.get("location") == destination, "the tracked link leads elsewhere than before.")
    for log in (recorded.opens, recorded.clicks):
        expect(len(log.latest()) == 2, f"one more should be recorded, and there are {len(log.latest())}.")
        output.line("called", log.latest()[0].call)


def expect_no_more_records(why: str) -> None:
    expect(len(recorded.opens.latest()) == 1, f"an open was recorded {why}.")
    expect(len(recorded.clicks.latest()) == 1, f"a click was recorded {why}.")


def tags_in(template_name: str, tag: str, count: int) -> list[str]:
    """Return the tags of one name in a template, of which there have to be so many."""
    # Templates can only be read when the settings are there.
    from django.template.loader import get_template

    source = get_template(template_name).template.source
    tags = [f"{{% {tag} {rest.partition('%}')[0]}%}}" for rest in source.split(f"{{% {tag} ")[1:]]
    expect(len(tags) == count, f"the template {template_name} has {len(tags)} tags {tag}, not {count}.")
    return tags


def with_another_token(element: Element) -> str:
    """Return the URL of an element with one character of the token changed."""
    token = element.token
    middle = len(token) // 2
    other = "B" if token[middle] == "A" else "A"
    return element.url.replace(token, f"{token[:middle]}{other}{token[middle + 1 :]}")
