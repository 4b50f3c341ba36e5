from django.http import HttpRequest, HttpResponse


def show_garden(request: HttpRequest) -> HttpResponse:
    """Show the page that the links of the emails lead to."""
    return HttpResponse("<!DOCTYPE html><title>The garden</title><h1>The garden</h1>")
