"""The dashboard of Superset: its files name columns that exist, and the script imports them."""

import importlib.util
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from loaders.core.config import ROOT
from tools.schema_page import read_columns

FOLDER = ROOT / "deploy" / "superset"
FILES = {
    path.relative_to(FOLDER / "dashboard").as_posix(): yaml.safe_load(path.read_text())
    for path in sorted((FOLDER / "dashboard").rglob("*.yaml"))
}
DATASETS = {name: file for name, file in FILES.items() if name.startswith("datasets/")}
CHARTS = {name: file for name, file in FILES.items() if name.startswith("charts/")}
DATABASE = "postgresql://analyst@db.example.org:5433/pgmuse?sslmode=require"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("superset_import", FOLDER / "import.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FakeSuperset(BaseHTTPRequestHandler):
    """The three paths of Superset that the script calls; requests are in `server.received`."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        if self.path.endswith("/login") and json.loads(body)["password"] != "of superset":
            self.answer(401, {"message": "Not authorized"})
        else:
            self.answer(200, {"access_token": "token", "message": "OK"})

    def do_GET(self) -> None:
        self.answer(200, {"result": "forgery token"})

    def answer(self, status: int, content: dict) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def superset(tmp_path, monkeypatch):
    """A server with the script's passwords in files."""
    for name in ("superset", "pgmuse"):
        (tmp_path / name).write_text(f"of {name}\n")
        monkeypatch.setenv(f"{name.upper()}_PASSWORD_FILE", str(tmp_path / name))
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeSuperset) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_datasets_have_columns_of_the_views(db):
    types = {
        (column.relation, column.name): column.type for column in read_columns(db) if column.is_view
    }
    assert len(DATASETS) >= 5
    for name, dataset in DATASETS.items():
        for column in dataset["columns"]:
            stored = types[dataset["table_name"], column["column_name"]]
            assert column["type"].lower() == stored, name
            assert column["is_dttm"] == stored.startswith("timestamp"), name


def test_charts_use_columns_of_their_datasets():
    datasets = {dataset["uuid"]: dataset for dataset in DATASETS.values()}
    for name, chart in CHARTS.items():
        dataset = datasets[chart["dataset_uuid"]]
        columns = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        params = chart["params"]
        ordered = {json.loads(order)[0] for order in params.get("order_by_cols", [])}
        used = {*params.get("all_columns", []), *params.get("groupby", []), *ordered}
        assert used <= columns, name
        assert {params["metric"]} <= metrics if "metric" in params else used, name


def test_the_dashboard_shows_every_chart():
    position = FILES["dashboards/pgmuse.yaml"]["position"].values()
    shown = {
        part["meta"]["uuid"]
        for part in position
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    assert shown == {chart["uuid"] for chart in CHARTS.values()}


def test_the_script_imports_the_dashboard(script, superset, capsys):
    address = f"http://127.0.0.1:{superset.server_port}"
    assert script.main(["--superset", address + "/", "--database", DATABASE]) == 0
    assert capsys.readouterr().out == f"imported: {address}/superset/dashboard/pgmuse/\n"
    path, headers, body = superset.received[-1]
    assert path == "/api/v1/assets/import/"
    assert headers["Authorization"] == "Bearer token"
    assert headers["X-Csrftoken"] == "forgery token"
    assert b'{"databases/pgmuse.yaml": "of pgmuse"}' in body
    start = body.index(b"PK")
    with zipfile.ZipFile(io.BytesIO(body[start : body.rindex(b"\r\n--")])) as bundle:
        assert {f"pgmuse/{name}" for name in FILES} == set(bundle.namelist())
        database = yaml.safe_load(bundle.read("pgmuse/databases/pgmuse.yaml"))
        assert b"of pgmuse" not in b"".join(map(bundle.read, bundle.namelist()))
    assert database["sqlalchemy_uri"] == (
        "postgresql+psycopg2://analyst:XXXXXXXXXX@db.example.org:5433/pgmuse?sslmode=require"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--database", "postgresql://ann:secret@h/d"], "set PGMUSE_PASSWORD_FILE instead"),
        (["--database", "mysql://ann@h/d"], "is not like postgresql://"),
        (["--database", DATABASE, "--superset", "http://127.0.0.1:9"], "refused"),
    ],
)
def test_an_error_is_one_line(script, superset, capsys, arguments, message):
    assert script.main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("import: ")
    assert message in line
    assert "secret" not in line


def test_a_wrong_password_is_one_line(script, superset, capsys, monkeypatch):
    monkeypatch.setenv("SUPERSET_PASSWORD_FILE", str(FOLDER / "import.py"))
    address = f"http://127.0.0.1:{superset.server_port}"
    assert script.main(["--superset", address, "--database", DATABASE]) == 1
    assert "Superset answered 401: " in capsys.readouterr().err
    monkeypatch.delenv("SUPERSET_PASSWORD_FILE")
    assert script.main(["--superset", address, "--database", DATABASE]) == 1
    assert "no password: set SUPERSET_PASSWORD_FILE" in capsys.readouterr().err
