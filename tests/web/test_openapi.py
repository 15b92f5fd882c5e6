"""The OpenAPI description is true, for requests that follow it and for others.

It needs schemathesis, which the extra `browser` installs.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
pytest.importorskip("schemathesis")
COMMAND = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 25  # of each address, beside those that cover the description
# A valid request may be refused: a file that is no picture, a seed that is avoided too.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400"]
"""


def test_answers_are_as_described(address, tmp_path):
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    done = subprocess.run(
        [
            COMMAND, f"--config-file={config}", "run", f"{address}/openapi.json",
            "--checks=all", "--phases=coverage,fuzzing", f"--max-examples={EXAMPLES}",
            "--seed=1", "--generation-database=none", "--continue-on-failure", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 tested" in done.stdout.lower().replace("tested: 4", "4 tested")
