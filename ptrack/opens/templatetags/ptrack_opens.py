from django import template

from ptrack.opens.words import humanize_duration

register = template.Library()

register.filter("humanize_duration", humanize_duration)
