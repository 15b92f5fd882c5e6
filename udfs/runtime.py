"""Shared by all functions in Python: errors, cancellation, and this backend's cache of models.

The cache holds LiteRT interpreters in GD, which lives as long as the connection. It is limited to
64 MiB and evicts the least recently used model. A model is read again only after another one was
deployed under its name.
"""

import ctypes
import functools
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import numpy

import udfs

CACHE_BYTES = 64 << 20  # a backend: 100 connections use 6.4 GB at most
MODEL_BYTES = range(16, (64 << 20) + 1)  # the table models has the same constraint
IDENTIFIER = b"TFL3"  # bytes 4 to 8 of a LiteRT flatbuffer

REVISION = "select version_num from muse.alembic_version"
LIVE = "select model_id from muse.deployments where name = $1"
HINT = "select hint from muse.model_names where name = $1"
CONTENT = "select name, config::text, content from muse.models where model_id = $1"

_plans: dict[str, Any] = {}  # prepared statements of this backend
_ends_early = False  # a function with returns_rows runs


def _postgres_flag(name: str) -> ctypes.c_int:
    """A flag of this backend, which its signal handlers set; 0 outside of Postgres."""
    try:
        return ctypes.c_int.in_dll(ctypes.CDLL(None), name)
    except ValueError:
        return ctypes.c_int(0)


_cancel_pending = _postgres_flag("QueryCancelPending")


@dataclass
class Model:
    """A live model of this backend."""

    name: str
    model_id: int
    config: dict[str, Any]
    interpreter: Any  # ai_edge_litert.interpreter.Interpreter, its tensors allocated
    bytes: int  # private memory, at least the size of the flatbuffer
    used_at: float = field(default_factory=time.time)


def fail(plpy: Any, message: str, hint: str = "", sqlstate: str = "22023") -> NoReturn:
    """Raise an SQL error with a message of one line, a hint and a SQLSTATE.

    The default SQLSTATE 22023 is invalid_parameter_value. Postgres prints the name of the class
    before the message: here "pgmuse: ", where plpy.error() would print "plpy.Error: ".
    """
    error = type("pgmuse", (plpy.Error,), {"__module__": "builtins"})(message)
    error.sqlstate = sqlstate
    if hint:
        error.hint = hint
    raise error


def checkpoint(plpy: Any) -> None:
    """Raise a pending cancellation or timeout. Call it in every iteration of a loop (1.7 us)."""
    if _ends_early and _cancel_pending.value:
        raise Cancelled
    plpy.execute(_plan(plpy, "select 1"))


class Cancelled(BaseException):
    """A cancellation is pending that Postgres raises itself when the rows of a function end."""


def returns_rows(function: Callable[..., Iterable[Any]]) -> Callable[..., list[Any]]:
    """Decorator of a function for SQL that returns rows: it returns them as a list.

    PL/Python reports an error of a generator as "error fetching next item from iterator", and one
    of a list with the name of its class before the message. So where a cancellation is pending the
    function returns one null row: Postgres checks for interrupts between a row and the next one,
    and reports the cancellation in its own words.
    """

    @functools.wraps(function)
    def collect(*arguments: Any) -> list[Any]:
        global _ends_early
        outer, _ends_early = _ends_early, True
        try:
            return [None] if _cancel_pending.value else list(function(*arguments))
        except Cancelled:
            return [None]
        finally:
            _ends_early = outer

    return collect


def returns_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """`returns_rows` for a function for SQL that returns one value: null where it is cancelled."""
    collect = returns_rows(lambda *arguments: [function(*arguments)])
    return functools.wraps(function)(lambda *arguments: collect(*arguments)[0])


def check_n(plpy: Any, n: int | None) -> None:
    """Check that n is from 1 to 1000. Errors: SQLSTATE 22023."""
    if n is None or not 1 <= n <= 1000:
        fail(plpy, f"n must be from 1 to 1000, not {'null' if n is None else n}")


def model(plpy: Any, cache: dict[str, Any], name: str, model_id: int | None = None) -> Model:
    """The live model of a name, or the one with `model_id`, from the cache or from the table.

    Errors: SQLSTATE 42704 where there is none, 22000 where its bytes are no LiteRT flatbuffer.
    """
    models = _models(plpy, cache)
    if model_id is None:
        live = plpy.execute(_plan(plpy, LIVE, "text"), [name])
        if not live:
            fail(plpy, f"no model {name!r} yet", _hint(plpy, name), "42704")
        model_id = int(live[0]["model_id"])
    if name not in models or models[name].model_id != model_id:
        models.pop(name, None)
        models[name] = _read(plpy, name, model_id)
    models.move_to_end(name)
    models[name].used_at = time.time()
    _evict(models)
    return models[name]


def run(model: Model, *inputs: Any) -> list[Any]:
    """Run the network on arrays in the order of its inputs; return copies of its outputs.

    A native call cannot be interrupted: keep it short, and call `checkpoint` between two calls.
    """
    return invoke(model.interpreter, *inputs)


def invoke(interpreter: Any, *inputs: Any) -> list[Any]:
    """`run` with an interpreter that `open_network` returned."""
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def cached(plpy: Any, cache: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    """Rows of model_cache(): name, model_id, bytes, used_at; the most recently used first."""
    return [
        (m.name, m.model_id, m.bytes, datetime.fromtimestamp(m.used_at, UTC).isoformat())
        for m in reversed(_models(plpy, cache).values())
    ]


def interpreter(plpy: Any, content: bytes) -> Any:
    """An interpreter with one thread. Errors: SQLSTATE 22000 where the bytes are no LiteRT model.

    The size and the identifier are checked before LiteRT parses the bytes.
    """
    if len(content) not in MODEL_BYTES or content[4:8] != IDENTIFIER:
        fail(plpy, f"{len(content)} bytes that are no LiteRT model", "deploy another", "22000")
    return open_network(content)


def open_network(content: bytes) -> Any:
    """An interpreter with one thread, over bytes that must be a valid LiteRT model."""
    # Imported here: connections that run no network do not load the library.
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(model_content=content, num_threads=1)
    network.allocate_tensors()
    return network


def _hint(plpy: Any, name: str) -> str:
    """The hint for an error that no model of this name is live."""
    rows = plpy.execute(_plan(plpy, HINT, "text"), [name])
    return rows[0]["hint"] if rows else "the table deployments has the names of all models"


def _read(plpy: Any, name: str, model_id: int) -> Model:
    rows = plpy.execute(_plan(plpy, CONTENT, "bigint"), [model_id])
    if not rows:
        fail(plpy, f"no model {model_id}", "see the table models", "42704")
    row = rows[0]
    if row["name"] != name:
        hint = f"live_model({name!r}) is the one in use"
        fail(plpy, f"model {model_id} is {row['name']!r}, not {name!r}", hint)
    if row["content"] is None:
        hint = "the table deployments has the names of all models"
        fail(plpy, f"model {name!r} is no network", hint, "22000")
    _release_memory()  # else the network could reuse freed memory, and its size would read as 0
    before = _private_bytes() - len(row["content"])
    network = interpreter(plpy, row["content"])
    # Run once on zeros: LiteRT allocates its memory, so that it is measured and not paid later.
    invoke(network, *(numpy.zeros(x["shape"], x["dtype"]) for x in network.get_input_details()))
    size = max(_private_bytes() - before, len(row["content"]))
    return Model(name, model_id, json.loads(row["config"]), network, size)


def _release_memory() -> None:
    """Return free memory to the system: glibc keeps the memory of evicted networks."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries do not have it
    if trim is not None:
        trim(0)


def _private_bytes() -> int:
    """The private memory of this process, from the kernel's RssAnon."""
    with open("/proc/self/status", "rb") as status:
        line = next(line for line in status if line.startswith(b"RssAnon"))
    return int(line.split()[1]) << 10


def _evict(models: "OrderedDict[str, Model]") -> None:
    """Evict the least recently used models until the rest fits; the last one is never evicted."""
    while len(models) > 1 and sum(model.bytes for model in models.values()) > CACHE_BYTES:
        models.popitem(last=False)
        _release_memory()


def _models(plpy: Any, cache: dict[str, Any]) -> "OrderedDict[str, Model]":
    """The cached models. The first call checks that code and database have the same revision.

    Errors: SQLSTATE 55000 where they differ.
    """
    if "models" not in cache:
        revision = plpy.execute(REVISION)[0]["version_num"]
        if revision != udfs.REVISION:
            message = f"the database is of revision {revision}, the server's Python code of "
            fail(plpy, message + udfs.REVISION, "run: ./pgmuse migrate, then reconnect", "55000")
        cache["models"] = OrderedDict()
    models: OrderedDict[str, Model] = cache["models"]
    return models


def _plan(plpy: Any, query: str, *types: str) -> Any:
    """The prepared statement of a query, from this backend's cache."""
    if query not in _plans:
        _plans[query] = plpy.prepare(query, list(types))
    return _plans[query]
