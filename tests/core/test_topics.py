"""A topic is one package and a line in TOPICS; nothing else names it."""

import os
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from loaders import topics
from loaders.admin import demo as demo_command
from loaders.admin import demo_page
from loaders.admin.doctor import checks
from loaders.admin.forget import forget_source
from loaders.admin.migrate import migrate
from loaders.admin.refresh import refresh
from loaders.cli.app import build_app
from loaders.core import db
from loaders.core.topics import Topic
from tests.factories.weather import TOPIC


@pytest.fixture
def with_weather(monkeypatch):
    monkeypatch.setattr(topics, "TOPICS", (*topics.TOPICS, TOPIC))


@pytest.fixture
def run(with_weather, fresh):
    """Run the command; returns its output."""
    migrate()
    app = build_app(topics.TOPICS)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "temperatures.txt"
    path.write_text("20\nwarm\n22\n")
    return path


def mean(conn) -> float:
    query = """
        select (config ->> 'mean')::float
        from muse.models where model_id = muse.live_model('weather')
    """
    return conn.execute(query).fetchone()[0]


def test_help_lists_its_commands(run):
    assert "weather" in run("load", "--help")
    assert "A file of temperatures." in run("load", "weather", "--help")
    assert "Train the mean temperature." in run("train", "--help")


def test_it_is_loaded_trained_refreshed_and_forgotten(run, fresh, file):
    run("load", "weather", str(file))
    assert fresh.execute("select loaded, bad from loads").fetchall() == [(2, 1)]
    run("train", "weather")
    assert mean(fresh) == 21
    assert refresh(fresh)
    assert len(fresh.execute("select from loads").fetchall()) == 1
    file.write_text("10\n")
    assert refresh(fresh, "temperatures")  # its other name
    assert mean(fresh) == 10
    assert forget_source(fresh, str(file)) == {"files": 1}
    assert fresh.execute("select from sources").fetchall() == []


def test_a_missing_model_has_its_hint(with_weather, fresh):
    migrate()
    with pytest.raises(Exception, match="no model weather yet") as caught:
        fresh.execute("select muse.live_model('weather')")
    assert caught.value.diag.message_hint == "run: ./pgmuse train weather"


def test_doctor_runs_its_checks(with_weather, fresh):
    assert "put one on the roof" in {check.remedy for check in checks()}


def test_the_demo_shows_its_answers(monkeypatch, server, fresh, tmp_path, capfd):
    monkeypatch.setattr(topics, "TOPICS", (TOPIC,))
    embedded = SimpleNamespace(up=lambda: None, conninfo=server.conninfo | {"dbname": "fresh"})
    for module in (db, demo_command):
        monkeypatch.setattr(module, "embedded", lambda: embedded)
    monkeypatch.setattr(demo_page, "PAGE", tmp_path / "index.html")
    with patch.dict(os.environ):  # the demo removes variables
        demo_command.demo()
    query = "select topic from muse.model_names"
    assert fresh.execute(query).fetchall() == [("weather",)]
    assert "How warm is it?" in capfd.readouterr().out
    assert '<td class="number">21</td>' in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_named_after_its_folder(topic: Topic):
    assert topic.commands.args[0] == f"loaders.{topic.name}.cli"
