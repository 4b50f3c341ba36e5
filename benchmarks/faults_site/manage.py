import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ["DJANGO_SETTINGS_MODULE"] = "faults_site.settings"

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
