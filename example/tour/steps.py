"""The steps of the story: an email is rendered, sent, opened, recorded, and then somebody guesses a URL."""

import platform

import django

from .email_client import Answer, Image, describe, find_image, request_image
from .output import Output, expect
from newsletter import emails, opens

NUMBER = 12
READER = emails.Reader(42, "Zoë Keller", "zoe@example.com")
#: What the tag in the template is given.
ARGS, KWARGS = ("newsletter",), {"number": NUMBER, "reader": READER.id}


def show_steps(output: Output, site_url: str) -> None:
    """Go through the steps, and print them. Raises ``DemoError`` where something is not as it should be."""
    print("ptrack puts an invisible image into an email. An email client that opens the email requests the image,")
    print("and the URL of the image tells the site which email was opened.")
    print(f"Here is how, on Django {django.get_version()} and Python {platform.python_version()}.")
    send(output)
    image = read(output, site_url)
    answer = open_email(output, image)
    show_what_was_recorded(output)
    guess(output, image, answer)
    print("\nAll went well: one email was sent, and one open was recorded.")


def send(output: Output) -> None:
    output.step("Django renders a template with the tag, and sends the email: here, into a file.")
    output.line("template", emails.HTML_TEMPLATE)
    output.line("tag", tag_in(emails.HTML_TEMPLATE))
    output.line("values", f"number is {NUMBER}, reader.id is {READER.id}")
    sent, paths = emails.send_newsletter(NUMBER, READER), emails.sent_emails()
    expect(sent == len(paths) == 1, f"Django sent {sent} emails, and {len(paths)} are in the folder, not one.")
    output.line("file", f"{paths[0]}, {paths[0].stat().st_size} bytes, removed at the end")


def read(output: Output, site_url: str) -> Image:
    output.step("An email client reads the file, and finds one image in the HTML.")
    message = emails.read_email(emails.sent_emails()[0])
    image = find_image(emails.html_of(message), site_url)
    output.line("to", message["To"])
    output.line("subject", message["Subject"])
    output.line("image", image.shorten(image.html))
    output.line("token", f"the tag's arguments, encrypted; shortened here from {len(image.token)} characters")
    return image


def open_email(output: Output, image: Image) -> Answer:
    output.step("The email client shows the email to the reader, and requests the image over HTTP.")
    expect(not opens.latest(), "an open was recorded before the email was opened.")
    answer = request_image(image.url)
    output.line("request", image.shorten(f"GET {image.url}"))
    output.line("response", describe(answer))
    output.line("", f"Cache-Control: {answer.headers.get('cache-control', '')}")
    output.line("time", f"{answer.milliseconds:.1f} ms, including the HTTP round trip")
    return answer


def show_what_was_recorded(output: Output) -> None:
    output.step("Before the server answered, ptrack called the project's pixel in newsletter/pixels.py.")
    recorded = opens.latest()
    expect(
        len(recorded) == 1,
        f"the image was requested once, and {len(recorded)} opens were recorded. "
        "Does newsletter/pixels.py register one pixel, and does its record() add one open?",
    )
    [opened] = recorded
    output.line("called", opened.call)
    output.line("by", opened.user_agent)
    given = opens.format_call("ptrack", ARGS, KWARGS)
    expect((opened.args, opened.kwargs) == (ARGS, KWARGS), f"the tag was given something else: {given}")
    output.line("compared", "these are exactly the arguments of the tag")


def guess(output: Output, image: Image, good_answer: Answer) -> None:
    output.step("Somebody guesses: the same URL, with one character of the token changed.")
    answer = request_image(image.url.replace(image.token, change_one_character(image.token)))
    output.line("response", describe(answer))
    looks_alike = (answer.status, answer.body) == (good_answer.status, good_answer.body)
    expect(looks_alike, "the answer to a guess looks different.")
    output.line("", "the same image, so the guess tells nothing")
    expect(len(opens.latest()) == 1, "an open was recorded for a token that was changed.")
    output.line("called", "nothing")


def tag_in(template_name: str) -> str:
    """Return the line of a template that holds the tag."""
    # Templates can only be read when the settings are there.
    from django.template.loader import get_template

    lines = get_template(template_name).template.source.splitlines()
    tags = [line for line in lines if line.startswith("{% ptrack ")]
    expect(len(tags) == 1, f"the template {template_name} has {len(tags)} lines with the tag, not one.")
    return tags[0]


def change_one_character(token: str) -> str:
    middle = len(token) // 2
    other = "B" if token[middle] == "A" else "A"
    return f"{token[:middle]}{other}{token[middle + 1 :]}"
