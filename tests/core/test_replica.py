"""`pgmuse replica`: a read-only copy of a server, over TCP with a password."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from pgvector.psycopg import register_vector

from loaders.admin.logins import create_login
from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.errors import Problem
from loaders.core.server import replica
from loaders.core.server.cluster import Server, throw_away
from loaders.core.server.replica import PASSWORD, make_replica, promote
from tests.core.test_server import free_port
from tests.factories.catalog import FUNCTIONS, TABLES, VIEWS, queries_of
from tests.factories.rows import publish_songs
from tests.servers.postgres import use

pytestmark = pytest.mark.long
PASSWORDS = "a:b\\c d"  # characters that a password file escapes
# They tell the server's state, not the database's.
DIFFERENT = {"analyze_tables", "health", "machine", "machine_state", "model_cache", "replicas"}
STATUS = "select subject, status from muse.health where check_name = 'replica' order by 1"


@pytest.fixture
def copy() -> Iterator[Server]:
    """A server without a cluster."""
    with throw_away() as one:
        one.down()
        shutil.rmtree(one.data)
        yield one


@pytest.fixture
def primary(tmp_path) -> Iterator[Server]:
    """A server on TCP with a login for replicas."""
    path = tmp_path / "password"
    path.write_text(PASSWORDS + "\n")
    with throw_away() as one:
        one.up(f"127.0.0.1:{free_port()}", restart=True)
        with one.connect(autocommit=True) as conn:
            create_login(conn, "replica", path, loader=False, replica=True)
            conn.execute("create table notes (note text)")
        yield one


def address(server: Server) -> str:
    return ":".join(server.address())


def rows(server: Server, query: str, count: int) -> list[tuple]:
    """The rows of a query, once there are `count` of them."""
    for _ in range(200):
        with server.connect() as conn:
            answer = conn.execute(query.encode()).fetchall()
        if len(answer) == count:
            return answer
        time.sleep(0.05)
    raise AssertionError(answer)


def slots(server: Server) -> list[str]:
    with server.connect() as conn:
        return [name for (name,) in conn.execute("select slot_name from pg_replication_slots")]


def test_a_replica_follows_its_primary_until_it_is_promoted(primary, copy):
    make_replica(copy, address(primary), "replica", PASSWORDS, "one")
    assert slots(primary) == ["one"]
    with primary.connect(autocommit=True) as conn:
        conn.execute("insert into notes values ('later')")
    assert rows(copy, "select * from notes", 1) == [("later",)]
    copy.down()
    copy.up()
    with copy.connect() as conn, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        conn.execute("insert into notes values ('here')")
    files = [path for path in copy.data.glob("postgresql*.conf") if PASSWORDS in path.read_text()]
    assert not files
    assert (copy.folder / PASSWORD).stat().st_mode & 0o077 == 0

    promote(copy)
    with copy.connect(autocommit=True) as conn:
        conn.execute("insert into notes values ('here')")
    with pytest.raises(Problem, match="is no replica"):
        promote(copy)


def test_a_copy_that_fails_leaves_nothing(primary, copy):
    for user, password in (("replica", "wrong"), ("nobody", PASSWORDS), ("replica", None)):
        with pytest.raises(Problem, match=r"the primary refuses: .*docs/scale\.md"):
            make_replica(copy, address(primary), user, password, "one")
    with pytest.raises(Problem, match="no name of a slot"):
        make_replica(copy, address(primary), "replica", PASSWORDS, "One; drop")
    with primary.connect(autocommit=True) as conn:
        conn.execute("select pg_create_physical_replication_slot('one')")
    with pytest.raises(Problem, match="a slot one of another replica"):
        make_replica(copy, address(primary), "replica", PASSWORDS, "one")
    assert slots(primary) == ["one"]
    assert not copy.data.exists()
    make_replica(copy, address(primary), "replica", PASSWORDS, "two")
    with pytest.raises(Problem, match="has a database already"):
        make_replica(copy, address(primary), "replica", PASSWORDS, "three")


def test_an_interrupted_copy_leaves_no_slot_and_can_be_repeated(primary, copy, monkeypatch):
    run_program = Server.run_program

    def interrupted(server, program, *arguments):
        done = run_program(server, program, *arguments)
        if program == "pg_basebackup":
            assert done.ok
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patched:
        patched.setattr(Server, "run_program", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_replica(copy, address(primary), "replica", PASSWORDS, "one")
    assert slots(primary) == []
    assert not (copy.folder / PASSWORD).exists()
    make_replica(copy, address(primary), "replica", PASSWORDS, "one")
    assert slots(primary) == ["one"]


def test_two_copies_at_once_make_one_replica(primary, copy):
    def make(slot):
        try:
            make_replica(copy, address(primary), "replica", PASSWORDS, slot)
        except Problem as error:
            return str(error)
        return "made"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(make, ("one", "two")))
    assert "has a database already" in answers[0]
    assert answers[1] == "made"
    assert len(slots(primary)) == 1


@pytest.mark.parametrize(
    ("of", "needs_tls"),
    [
        ("db.example.org", True),
        ("localhost.example.org:5433", True),
        ("127.0.0.1.example.org", True),
        ("hostaddr=192.0.2.5", True),
        ("host=localhost,db.example.org", True),
        ("host=localhost hostaddr=192.0.2.5", True),
        ("127.0.0.1:5433", False),
        ("localhost", False),
        ("host=/tmp", False),
    ],
)
def test_a_primary_on_another_machine_needs_tls(tmp_path, of, needs_tls):
    target = replica._target(Server(tmp_path / "postgres"), of, "replica", None)
    assert ("sslmode=require" in target) == needs_tls


def test_queries_of_all_comments_answer_the_same_on_a_replica(server, fresh, copy):
    publish_songs(fresh, {f"t{i}": ([i, 1], [1, i]) for i in range(30)})
    make_replica(copy, f"host={server.socket}", "postgres", None, "comments")
    try:
        rows(copy, "select from pg_database where datname = 'fresh'", 1)
        objects = [
            row for kind in (FUNCTIONS, VIEWS, TABLES) for row in fresh.execute(kind).fetchall()
        ]
        with copy.connect(dbname="fresh", autocommit=True) as reader:
            register_vector(reader)
            assert outcomes(reader, objects) == outcomes(fresh, objects)
            assert reader.execute(STATUS).fetchall() == [("primary", "ok")]
        assert fresh.execute(STATUS).fetchall() == [("comments", "ok")]
        use(copy, "fresh")
        for command in (db.connect_to_load, migrate):
            with pytest.raises(Problem, match="is a replica, which can only be read"):
                command()
    finally:
        use(server)
        copy.down()
        fresh.execute("select pg_drop_replication_slot('comments')")


def outcomes(conn: psycopg.Connection, objects: list[tuple]) -> dict[str, object]:
    """Rows or the error of each object's query, but for those that write or tell the server."""
    result: dict[str, object] = {}
    for name, _, query in queries_of(objects):
        try:
            result[name] = conn.execute(query).fetchall()
        except psycopg.errors.ReadOnlySqlTransaction:
            result[name] = None
        except psycopg.Error as error:
            result[name] = error.diag.message_primary
    return {name: rows for name, rows in result.items() if name not in DIFFERENT}
