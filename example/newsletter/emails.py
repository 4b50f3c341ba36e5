"""Sends the newsletter, and reads the emails that were sent."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from email.generator import BytesGenerator
from email.message import EmailMessage as ParsedMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

import ptrack

from .articles import article_url
from .readers import Reader

#: The template with the links, which ends with the pixel.
HTML_TEMPLATE = "newsletter/email.html"
TEXT_TEMPLATE = "newsletter/email.txt"
#: HTML as it comes from an editor, without any tag of ptrack.
INVITATION_TEMPLATE = "newsletter/invitation.html"


def send_newsletter(number: int, reader: Reader) -> int:
    """Send one number of the newsletter to one reader, and return how many emails were sent.

    Each reader gets an email of their own, so that its pixel and its links can tell who it is.
    """
    urls = {"beans_url": article_url("beans"), "leaves_url": article_url("leaves")}
    context = {"number": number, "reader": reader, **urls}
    text, html = (render_to_string(template, context) for template in (TEXT_TEMPLATE, HTML_TEMPLATE))
    return _make_email(f"Letters from the garden, no. {number}", text, html, reader).send()


def send_invitation(reader: Reader) -> int:
    """Send an invitation, whose template knows nothing of ptrack, and return how many emails were sent."""
    url = article_url("beans")
    html = render_to_string(INVITATION_TEMPLATE, {"url": url})
    message = _make_email("Come and sow with us", f"Come and sow with us: {url}", html, reader)
    ptrack.track_message(message, "invitation", reader=reader.id)
    return message.send()


def _make_email(subject: str, text: str, html: str, reader: Reader) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=subject,
        body=text,
        from_email="The garden <letters@example.com>",
        to=[f"{reader.name} <{reader.email_address}>"],
        # Django would ask the network for the name of this machine.
        headers={"Message-ID": make_msgid(domain="example.com")},
    )
    message.attach_alternative(html, "text/html")
    return message


def sent_emails() -> list[Path]:
    """Return the files of the emails that were sent, in order."""
    return _emails_in(Path(settings.SENT_FOLDER)) if settings.SENT_FOLDER else []


def read_email(path: Path) -> ParsedMessage:
    """Return the email that a file holds."""
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def html_of(message: ParsedMessage) -> str:
    """Return the decoded HTML of an email, or an empty string if it has none."""
    part = message.get_body(("html",))
    return part.get_content() if part else ""


class EmlBackend(BaseEmailBackend):
    """Writes each email to a file of its own, which email clients can open.

    Django's file backend writes all emails of a connection to one log.
    """

    def __init__(self, file_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for number, email_message in enumerate(email_messages, start=len(_emails_in(self.folder)) + 1):
            message = email_message.message()
            with open(self.folder / f"{number:04}.eml", "xb") as file:
                # The email standard asks for these line ends.
                BytesGenerator(file, mangle_from_=False, policy=message.policy.clone(linesep="\r\n")).flatten(message)
        return len(email_messages)


def _emails_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.eml"))
