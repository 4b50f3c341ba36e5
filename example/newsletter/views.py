from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show_article(request: HttpRequest, name: str) -> HttpResponse:
    """Show what a link of an email leads to."""
    return render(request, "newsletter/article.html", {"name": name})
