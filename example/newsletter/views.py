"""The pages of ``demo.py --serve``: the email of the reader who agreed, its opens and clicks, and the articles."""

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from . import articles, emails, recorded


@never_cache
def show_page(request: HttpRequest) -> HttpResponse:
    context = {"message": emails.read_email(_first_email()), "max_records": recorded.MAX_RECORDS, **_recorded()}
    return render(request, "newsletter/page.html", context)


@never_cache
def show_recorded(request: HttpRequest) -> HttpResponse:
    """Answer with the lists alone, which the page requests every second."""
    return render(request, "newsletter/recorded.html", _recorded())


def show_article(request: HttpRequest, name: str) -> HttpResponse:
    if name not in articles.TITLES:
        raise Http404("There is no such article.")
    return render(request, "newsletter/article.html", {"title": articles.TITLES[name]})


@never_cache
def show_email(request: HttpRequest) -> HttpResponse:
    return HttpResponse(emails.html_of(emails.read_email(_first_email())))


def download_email(request: HttpRequest) -> FileResponse:
    path = _first_email()
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="message/rfc822")


def _recorded() -> dict[str, list[recorded.Record]]:
    return {"opens": recorded.opens.latest(), "clicks": recorded.clicks.latest()}


def _first_email() -> Path:
    paths = emails.sent_emails()
    if not paths:
        raise Http404("No email was sent yet. This command sends one and shows it here: demo.py --serve")
    return paths[0]
