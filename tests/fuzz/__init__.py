"""Junk in every form that comes to mind, in process and over HTTP, and a look at what comes back."""
