"""Keeps every hit as a row, and shows in the admin what the hits add up to.

This is an app of its own: add ``"ptrack.opens"`` to ``INSTALLED_APPS`` beside ``"ptrack"``, and run
``manage.py migrate``. Nothing else in ptrack imports it.

A hit arrives in ``pixels`` and is kept by ``models``, whose ``fields`` take any argument; the log
of those that are lost is kept short by ``failures``. The ``checks`` look at the database. A
``report`` counts the hits of a ``window`` by one of the tag's ``arguments``. The ``admin`` has
``lists`` of hits with ``filters``, and ``pages`` with the report, its ``chart`` and its ``tables``;
the commands and ``csv_files`` show the report, too. Clients are named by ``requesters``, and other
things that people read by ``words``.
"""
