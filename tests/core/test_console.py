"""What commands print while they work."""

import os
import pty
import subprocess
import sys

import pytest

from loaders.core.config import ROOT

pytestmark = [pytest.mark.unit, pytest.mark.long]


WORK = """
from loaders.core.console import quiet, working
import os, time
with working("drawing 3 icons"), quiet():
    os.write(2, b"message")
    time.sleep(1.2)
"""


def test_work_without_a_bar_shows_its_title_and_time_on_a_terminal():
    terminal, end = pty.openpty()
    subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, stderr=end, check=True)
    os.close(end)
    text = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert "drawing 3 icons: 00:00" in text
    assert "drawing 3 icons: 00:01" in text
    assert "message" not in text
    done = subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, capture_output=True, check=True)
    assert done.stderr == b""
