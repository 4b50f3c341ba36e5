"""The parts of ``demo.py``: the web server, an email client, the printed output, and the steps of the story."""
