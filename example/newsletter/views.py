"""The pages of ``demo.py --serve``: the last mail, and the opens as they are recorded."""

from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from . import mail, opens


@never_cache
def show_page(request: HttpRequest) -> HttpResponse:
    context = {"message": mail.read_mail(_last_mail()), "opens": opens.latest(), "max_opens": opens.MAX_OPENS}
    return render(request, "newsletter/page.html", context)


@never_cache
def show_opens(request: HttpRequest) -> HttpResponse:
    """The list alone, which the page asks for every second."""
    return render(request, "newsletter/opens.html", {"opens": opens.latest()})


@never_cache
def show_mail(request: HttpRequest) -> HttpResponse:
    return HttpResponse(mail.html_of(mail.read_mail(_last_mail())))


def download_mail(request: HttpRequest) -> FileResponse:
    path = _last_mail()
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="message/rfc822")


def _last_mail() -> Path:
    mails = mail.sent_mails()
    if not mails:
        raise Http404("No mail was sent yet. The command that sends one and shows it here: demo.py --serve")
    return mails[-1]
