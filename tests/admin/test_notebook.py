"""The notebook runs from the first cell to the last, as a reader."""

import pytest

from loaders.core.config import ROOT
from tests.factories.rows import add_icon, add_track

NOTEBOOK = ROOT / "deploy" / "notebook" / "pgmuse.ipynb"


def test_the_notebook_runs(fresh, server, monkeypatch):
    for module in ("pandas", "IPython", "ipykernel"):
        pytest.importorskip(module, reason=f"{module} is not installed: it is for users")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat")
    add_track(fresh, "a", name="Élan & co")
    add_icon(fresh, "box", range(64), size=32)
    monkeypatch.setenv("PGMUSE_URL", f"postgresql+psycopg://postgres@/fresh?host={server.socket}")
    monkeypatch.setenv("PGOPTIONS", "-c role=muse_reader")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    outputs = [
        output["data"].get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    assert "Title of the article" in outputs[0]
    assert "Élan &amp; co" in outputs[2]
    assert 'src="data:image/svg+xml;base64,' in outputs[3]
