"""A site whose admin somebody looks at: ``owner_site.py DATABASE [--sent] [--empty] [--language CODE]`` serves it.

It prints its URL. Everybody is the owner, who sent two campaigns and more. With ``--sent`` the
number of emails of campaign 9 is known.
"""

from __future__ import annotations

import argparse
from datetime import timedelta
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

LONG = "Spring" + "-and-summer" * 29 + "-2026"
SECOND_LINK = "https://shop.example/articles/second?from=newsletter#comments"
assert len(LONG) == 330
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/128.0.0.0 Safari/537.36"


class AsOwner:
    """Middleware that lets each request be the owner's."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        from django.contrib.auth.models import User
        from django.http import HttpResponse

        if request.path == "/favicon.ico":
            return HttpResponse(status=204)
        request.user = User.objects.get()
        return self.get_response(request)


def sent(argument, values, since, until):
    """Return how many emails were sent."""
    return {value: 20 for value in values if value == "9"}


def configure(options):
    settings.configure(
        SECRET_KEY="not a secret: it belongs to the tests",
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": options.database}},
        INSTALLED_APPS=[
            *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages"),
            *("django.contrib.sessions", "django.contrib.staticfiles", "ptrack", "ptrack.opens"),
        ],
        LANGUAGE_CODE=options.language,
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            f"{__name__}.AsOwner",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        PTRACK_OPENS_SENT=sent if options.sent else None,
        PTRACK_SECRET="a secret of exactly 32 bytes, ok",
        PTRACK_APP_URL="https://www.example.com",
        ROOT_URLCONF="project.admin_urls",
        STATIC_URL="static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        TIME_ZONE="UTC",
    )
    django.setup()


def keep(*, days=1.0, rule="browser", user_agent=AGENT, **kwargs):
    from django.utils import timezone

    from stored_hits import keep

    at = timezone.now() - timedelta(days=days)
    keep("newsletter", pixel=str(kwargs), at=at, age=3600, rule=rule, user_agent=user_agent, **kwargs)


def fill():
    """Store the hits of campaigns, with readers of all kinds and clicks."""
    for reader in range(8):
        keep(campaign=9, reader=reader, kind="person" if reader < 5 else "unknown", days=reader * 3)
    for reader in range(3):
        keep(campaign=9, reader=reader, url="https://shop.example/articles/first")
    keep(campaign=9, reader=1, url=SECOND_LINK)
    keep(campaign=8, reader=2, url=SECOND_LINK)
    for number, rule in enumerate(["google-image-proxy", "apple-mpp", "outlook-word", "robot"] * 15):
        kind = {"google-image-proxy": "proxy", "apple-mpp": "prefetch", "robot": "scanner"}.get(rule, "person")
        keep(campaign=8, reader=number, rule=rule, kind=kind, days=number / 3)
    keep(campaign=LONG, reader="שלום 👩‍👩‍👧 \u202egnp.exe")
    keep(campaign=LONG, reader=1, url=f"https://shop.example/{'x' * 330}")
    keep(campaign="رسالة الربيع", reader=1)


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format, *args):
        """Log nothing."""


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("--sent", action="store_true")
    parser.add_argument("--empty", action="store_true")
    parser.add_argument("--language", default="en")
    options = parser.parse_args()
    configure(options)

    from django.contrib.auth.models import User
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("owner")
    if not options.empty:
        fill()
    application = StaticFilesHandler(get_wsgi_application())
    with make_server("127.0.0.1", 0, application, ThreadingServer, QuietHandler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
