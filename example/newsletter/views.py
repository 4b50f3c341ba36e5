"""The pages of ``demo.py --serve``: the last email, and the opens as they are recorded."""

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from . import emails, opens


@never_cache
def show_page(request: HttpRequest) -> HttpResponse:
    context = {"message": emails.read_email(_last_email()), "opens": opens.latest(), "max_opens": opens.MAX_OPENS}
    return render(request, "newsletter/page.html", context)


@never_cache
def show_opens(request: HttpRequest) -> HttpResponse:
    """Answer with the list alone, which the page requests every second."""
    return render(request, "newsletter/opens.html", {"opens": opens.latest()})


@never_cache
def show_email(request: HttpRequest) -> HttpResponse:
    return HttpResponse(emails.html_of(emails.read_email(_last_email())))


def download_email(request: HttpRequest) -> FileResponse:
    path = _last_email()
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="message/rfc822")


def _last_email() -> Path:
    paths = emails.sent_emails()
    if not paths:
        raise Http404("No email was sent yet. This command sends one and shows it here: demo.py --serve")
    return paths[-1]
