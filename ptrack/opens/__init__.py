"""Keeps every hit as a row, and shows in the admin what the hits add up to.

This is an app of its own: add ``"ptrack.opens"`` to ``INSTALLED_APPS`` beside ``"ptrack"``, and run
``manage.py migrate``. Nothing else in ptrack imports it.

The map of the app, by what you want to change. Arrows show the order of use.

* A hit: ``pixels`` -> ``rows`` (what is kept of it) -> ``storing`` (one statement) -> ``models``

  * in a worker: ``tasks``; the log of hits that are lost: ``failures``
  * characters that databases refuse: ``fields``; texts in a query: ``texts``

* The report: ``report`` -> ``selection`` (whose hits) -> ``counts``, ``clicks``, ``timeline`` -> ``rates`` -> ``notes``

  * the days: ``window``; what hits are grouped by: ``arguments``; a filter: ``conditions``
  * what a group of hits adds up to: ``groups``; expressions that count: ``aggregates``; the median: ``ages``
  * numbers and their headings: ``columns``; as CSV: ``csv_files``

* The admin: ``admin`` -> ``lists`` with ``filters`` and ``paging``; ``pages`` with ``forms``, ``chart`` and ``tables``

  * parameters of URLs: ``parameters``
  * what people read: ``words``; the names of clients: ``requesters``

* Many hits at once: ``commands`` -> ``deleting``, ``judging`` (by the rules of today) -> ``markers`` (which hits
  are first) -> ``batches``

* Start-up: ``apps``, ``checks``
"""
