"""What every function in Python stands on: errors, cancellation, and the models of this backend.

A model is kept as a LiteRT interpreter in GD, which lives as long as the connection. The cache is
bounded by bytes and lets go of what was used least recently; a name is read again only after
another model was deployed for it.
"""

import ctypes
import json
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import numpy

import udfs

CACHE_BYTES = 64 << 20  # of every backend: a hundred connections hold 6 GB at the very most
MODEL_BYTES = range(16, (64 << 20) + 1)  # what the table allows too
IDENTIFIER = b"TFL3"  # bytes 4 to 8 of a LiteRT flatbuffer

REVISION = "select version_num from muse.alembic_version"
LIVE = "select model_id from muse.deployments where name = $1"
HINT = "select hint from muse.model_names where name = $1"
CONTENT = "select name, config::text, content from muse.models where model_id = $1"

_plans: dict[str, Any] = {}  # prepared statements of this backend


@dataclass
class Model:
    """A live model of this backend."""

    name: str
    model_id: int
    config: dict[str, Any]
    interpreter: Any  # ai_edge_litert.interpreter.Interpreter, its tensors allocated
    bytes: int  # the private memory it took, its flatbuffer at least
    used_at: float = field(default_factory=time.time)


def fail(plpy: Any, message: str, hint: str = "", sqlstate: str = "22023") -> NoReturn:
    """Raise an error of SQL: one line, what to do about it, and a code (invalid parameter)."""
    told = {"hint": hint} if hint else {}  # None would be told as such
    plpy.error(message, sqlstate=sqlstate, **told)
    raise AssertionError("plpy.error returned")  # for a fake plpy that does not raise


def checkpoint(plpy: Any) -> None:
    """Let a cancellation or a timeout through: call it in every turn of a loop (1.7 us)."""
    plpy.execute(_plan(plpy, "select 1"))


def check_n(plpy: Any, n: int | None) -> None:
    """An error where n is not from 1 to 1000."""
    if n is None or not 1 <= n <= 1000:
        fail(plpy, f"n must be from 1 to 1000, not {'null' if n is None else n}")


def model(plpy: Any, cache: dict[str, Any], name: str, model_id: int | None = None) -> Model:
    """The live model of that name, or the one with that id, from the cache or from the table.

    Errors: there is none yet (undefined_object), or its bytes are no LiteRT flatbuffer.
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
    """Invoke the network: arrays in, in the graph's order, arrays out, copied.

    A native call cannot be interrupted: keep one short, and call `checkpoint` between two.
    """
    return invoke(model.interpreter, *inputs)


def invoke(interpreter: Any, *inputs: Any) -> list[Any]:
    """The same with an interpreter, as `open_network` makes it."""
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def cached(plpy: Any, cache: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    """Rows of model_cache(): name, model_id, bytes, used_at; the latest used comes first."""
    return [
        (m.name, m.model_id, m.bytes, datetime.fromtimestamp(m.used_at, UTC).isoformat())
        for m in reversed(_models(plpy, cache).values())
    ]


def interpreter(plpy: Any, content: bytes) -> Any:
    """An interpreter of one thread over these bytes, which are checked before it sees them."""
    if len(content) not in MODEL_BYTES or content[4:8] != IDENTIFIER:
        fail(plpy, f"{len(content)} bytes that are no LiteRT model", "deploy another", "22000")
    return open_network(content)


def open_network(content: bytes) -> Any:
    """An interpreter of one thread over bytes that are a LiteRT model for certain."""
    # Imported late: a connection that runs no network does not pay for the library.
    from ai_edge_litert.interpreter import Interpreter

    made = Interpreter(model_content=content, num_threads=1)
    made.allocate_tensors()
    return made


def _hint(plpy: Any, name: str) -> str:
    """What to do where no model of that name is live."""
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
    _release_memory()  # or the network would take what others left, and seem to take nothing
    before = _private_bytes() - len(row["content"])
    made = interpreter(plpy, row["content"])
    # Once on zeros: what it takes is known, and its first answer is not slower.
    invoke(made, *(numpy.zeros(x["shape"], x["dtype"]) for x in made.get_input_details()))
    size = max(_private_bytes() - before, len(row["content"]))
    return Model(name, model_id, json.loads(row["config"]), made, size)


def _release_memory() -> None:
    """Give back to the system what is free: glibc keeps the memory of networks that were let go."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # another C library has none
    if trim is not None:
        trim(0)


def _private_bytes() -> int:
    """The memory that is this process's alone, as the kernel counts it."""
    with open("/proc/self/status", "rb") as status:
        line = next(line for line in status if line.startswith(b"RssAnon"))
    return int(line.split()[1]) << 10


def _evict(models: "OrderedDict[str, Model]") -> None:
    """Let the least recently used go until the rest fits; the one in use always stays."""
    while len(models) > 1 and sum(model.bytes for model in models.values()) > CACHE_BYTES:
        models.popitem(last=False)
        _release_memory()


def _models(plpy: Any, cache: dict[str, Any]) -> "OrderedDict[str, Model]":
    """The models of this backend; its first use checks that code and database go together."""
    if "models" not in cache:
        revision = plpy.execute(REVISION)[0]["version_num"]
        if revision != udfs.REVISION:
            message = f"the database is of revision {revision}, the server's Python code of "
            fail(plpy, message + udfs.REVISION, "run: ./pgmuse migrate, then reconnect", "55000")
        cache["models"] = OrderedDict()
    models: OrderedDict[str, Model] = cache["models"]
    return models


def _plan(plpy: Any, query: str, *types: str) -> Any:
    """A prepared statement, kept for the connection."""
    if query not in _plans:
        _plans[query] = plpy.prepare(query, list(types))
    return _plans[query]
