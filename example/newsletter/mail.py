"""Sends the newsletter, and reads back what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
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

#: The template whose last line is the tag.
LETTER_TEMPLATE = "newsletter/letter.html"


@dataclass(frozen=True)
class Reader:
    id: int
    name: str
    address: str


def send_letter(number: int, reader: Reader) -> int:
    """Send a letter to one reader, and return how many mails were sent.

    Each reader gets a mail of their own, so that its pixel can tell who opened it.
    """
    context = {"number": number, "reader": reader}
    message = EmailMultiAlternatives(
        subject=f"Letters from the garden, no. {number}",
        body=render_to_string("newsletter/letter.txt", context),
        from_email="The garden <letters@example.com>",
        to=[f"{reader.name} <{reader.address}>"],
        # Django would ask the network for the name of this machine.
        headers={"Message-ID": make_msgid(domain="example.com")},
    )
    message.attach_alternative(render_to_string(LETTER_TEMPLATE, context), "text/html")
    return message.send()


def sent_mails() -> list[Path]:
    """Return the files of the mails that were sent, in order."""
    return _mails_in(Path(settings.MAIL_FOLDER)) if settings.MAIL_FOLDER else []


def read_mail(path: Path) -> ParsedMessage:
    """Return the mail that a file holds."""
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def html_of(message: ParsedMessage) -> str:
    """Return the HTML of a mail, decoded; empty if it has none."""
    part = message.get_body(("html",))
    return part.get_content() if part else ""


class EmlBackend(BaseEmailBackend):
    """Writes each mail to a file of its own, which mail programs open.

    Django's file backend writes all mails of a connection to one log.
    """

    def __init__(self, file_path: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(file_path or settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for number, email_message in enumerate(email_messages, start=len(_mails_in(self.folder)) + 1):
            message = email_message.message()
            with open(self.folder / f"{number:04}.eml", "xb") as file:
                # With the line ends of the mail standard.
                BytesGenerator(file, mangle_from_=False, policy=message.policy.clone(linesep="\r\n")).flatten(message)
        return len(email_messages)


def _mails_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.eml"))
