"""What the demo adds to the site of the newsletter: an email to open, and an admin without a password."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.urls import path

from . import readers
from newsletter import urls


class OwnerMiddleware:
    """Lets every visitor be the owner, because the demo listens on this machine only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user, _ = User.objects.get_or_create(username="owner", is_staff=True, is_superuser=True)
        return self.get_response(request)


def show_email(request: HttpRequest) -> HttpResponse:
    """Show an email that nobody opened yet."""
    [message, _] = [message for message in mail.outbox if message.to[0].startswith(readers.TOM.name)]
    return HttpResponse(message.alternatives[0].content)


def show_no_icon(request: HttpRequest) -> HttpResponse:
    """Answer browsers that ask for the icon of the site."""
    return HttpResponse(status=204)


urlpatterns = [*urls.urlpatterns, path("email/", show_email), path("favicon.ico", show_no_icon)]
