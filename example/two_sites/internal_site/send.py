"""Sends an email to one reader:

PTRACK_SECRET=... PTRACK_APP_URL=https://... SMTP_SERVER=127.0.0.1:25 python -m internal_site.send reader@example.com 7
"""

import os
from argparse import ArgumentParser

import django
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def send(email_address: str, reader: int) -> int:
    """Send the email, and return how many were sent."""
    context = {"reader": reader, "page": f"{settings.PTRACK_APP_URL}/garden/"}
    html = render_to_string("internal_site/email.html", context)
    message = EmailMultiAlternatives(
        subject="Grüße from the garden",
        body="The beans are ripe.",
        from_email="The garden <letters@example.com>",
        to=[email_address],
        # Django would ask the network for the name of this machine.
        headers={"Message-ID": f"<{reader}@example.com>"},
    )
    message.attach_alternative(html, "text/html")
    return message.send()


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m internal_site.send", description="Send an email to one reader.")
    parser.add_argument("email_address", help="such as reader@example.com")
    parser.add_argument("reader", type=int, help="the number of the reader, which the URLs in it carry")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "internal_site.settings"
    django.setup()
    print(send(options.email_address, options.reader))
