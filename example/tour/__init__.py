"""The parts of ``demo.py``: what the readers do, the steps of the story, and the site to look at afterwards."""
