"""The steps of the story: campaigns are sent and read, a reader's data is erased, and the owner looks at numbers."""

import io
import re
import textwrap
from itertools import count

from django.core import mail
from django.core.management import call_command

from ptrack.opens.models import LinkHit, PixelHit

from .readers import HABITS, NOAH, VERA, move_back, read
from newsletter import consent, emails, numbers
from newsletter.models import Delivery, Reader

#: The campaigns, and how many days ago they were sent.
CAMPAIGNS = {9: 14, 10: 5}

_numbers = count(1)


def show_steps() -> None:
    """Go through the steps, and print them. Exits with a message where something is not as it should be."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    print("A newsletter sends two campaigns. ptrack puts an invisible image into each email, and lets the links lead")
    print("through the site. ptrack.opens keeps each request in a database, and adds them up.")
    send()
    let_readers_read()
    answer_a_reader()
    show_numbers()
    print("\nAll went well.")


def send() -> None:
    step("Django renders and sends the emails: here, into a list in memory.")
    for habit in HABITS:
        address = f"{habit.name.lower()}@example.com"
        Reader.objects.create(name=habit.name, email=address, agreed_to_tracking=habit.agrees)
    for campaign in CAMPAIGNS:
        emails.send_campaign(campaign)
    expect(len(mail.outbox) == 44, f"{len(mail.outbox)} emails were sent, not 44.")
    print(f"   {len(mail.outbox)} emails: campaigns 9 and 10 to each of {len(HABITS)} readers")
    print("   An email to Zoë holds one image and two links, with what their tags were given, encrypted:")
    show_elements(mail.outbox[0])
    print("   Noah did not agree to tracking. His emails hold no image, and plain links:")
    show_elements(mail.outbox[HABITS.index(NOAH)])


def let_readers_read() -> None:
    step("Readers of all kinds open their emails, and click. Nothing of Noah is recorded.")
    habits = dict(zip(Reader.objects.order_by("pk"), HABITS, strict=True))
    for reader, habit in habits.items():
        if habit.opens:
            what = "; ".join(f"opens {campaign}, clicks {clicks}" for campaign, (_, clicks) in habit.opens.items())
            print(f"   {reader.pk:>2} {reader.name:<6} {habit.client:<27} {what}")
    for message, delivery in zip(mail.outbox, Delivery.objects.order_by("pk"), strict=True):
        hours = read(message, delivery.campaign, habits[delivery.reader])
        move_back(delivery, CAMPAIGNS[delivery.campaign], hours)
    noah = Reader.objects.get(name=NOAH.name)
    for model in (PixelHit, LinkHit):
        expect(not model.objects.with_arguments(reader=noah.pk), "a hit of a reader who did not agree was stored.")
    print(f"   stored: {PixelHit.objects.count()} hits of pixels, {LinkHit.objects.count()} of links")


def answer_a_reader() -> None:
    step("Vera wants to see what is stored of her, and then to be left alone.")
    vera = Reader.objects.get(name=VERA.name)
    condition = f"reader={vera.pk}"
    exported = run("ptrack_export", condition)
    expect(exported.count('"model"') == 3, "two opens and one click of Vera should be stored.")
    consent.withdraw(vera)
    run("ptrack_erase", condition, "--no-input")
    run("ptrack_export", condition)
    print("\n   Each night, a job deletes the hits of old emails:\n")
    run("ptrack_prune")


def show_numbers() -> None:
    step("How many emails were opened, in which did somebody click, and where did the links lead?")
    report = run("ptrack_report", "--by", "campaign")
    for rates in ("25 to 40 %", "40 to 60 %"):
        expect(rates in report, f"the report should have a rate of {rates}.")
    step("Who opened campaign 9, and who clicked?")
    run("ptrack_report", "--by", "reader", "--where", "campaign=9")
    step("Who did not open campaign 9? newsletter/numbers.py knows, as far as anybody can.")
    names = [reader.name for reader in numbers.readers_who_did_not_open(9)]
    expect(len(names) == 12, f"12 of 20 readers did not open campaign 9, and {len(names)} are named.")
    print(f"   {', '.join(names)}")


def step(title: str) -> None:
    print(f"\n{next(_numbers)}. {title}\n")


def run(*words: str) -> str:
    """Run a command of manage.py, print its output, with long lines cut, and return it."""
    output = io.StringIO()
    call_command(*words, stdout=output, stderr=output)
    print(f"   $ python manage.py {' '.join(words)}")
    for line in output.getvalue().splitlines():
        print(textwrap.indent(line if len(line) < 160 else f"{line[:120]} ...", "   ").rstrip())
    return output.getvalue()


def show_elements(message: mail.EmailMultiAlternatives) -> None:
    """Print the images and links of an email, with shorter tokens."""
    for element in re.findall("<img [^>]+>|<a [^>]+>", message.alternatives[0].content):
        print("      " + re.sub(r"(/[\w-]{8})[\w-]{40,}([\w-]{8})", r"\1...\2", element))


def expect(condition: bool, otherwise: str) -> None:
    """Exit with a message unless the condition holds."""
    if not condition:
        raise SystemExit(f"The demo failed: {otherwise}")
