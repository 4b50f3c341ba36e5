"""Keeps every hit as a row, and shows in the admin what they add up to.

An app of its own: ``INSTALLED_APPS += ["ptrack.opens"]``, then ``migrate``. Nothing else of
ptrack imports it.
"""
