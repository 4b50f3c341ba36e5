from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def long_query(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(2)" if connection.vendor == "mysql" else "SELECT pg_sleep(2)")
    # As long as an image, for that is what the tests look at.
    return HttpResponse(b" " * 43)


urlpatterns: list[Any] = [
    path("ptrack/", include("ptrack.urls")),
    path("long-query/", long_query),
]
