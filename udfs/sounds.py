"""The tagger's output for a sound: an embedding, and a score for each tag.

Queries and `load audio` run the same code.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from udfs import runtime
from udfs.sound_patches import Array, BadSound, patches
from udfs.sound_wav import read_wav

EMBEDDING, TAGS = 200, 50  # outputs of the tagger


class Heard(NamedTuple):
    """The means over the patches of a sound.

    embedding: (200,). tags: (50,), 0 to 1. patches: their number; 0 for silence, whose means are 0.
    """

    embedding: Array
    tags: Array
    patches: int


def hear(
    interpreter: Any, pieces: Iterable[Array], checkpoint: Callable[[], None] = lambda: None
) -> Heard:
    """Run the tagger on each patch. checkpoint: called before each. Errors: BadSound."""
    embedding, tags, count = np.zeros(EMBEDDING), np.zeros(TAGS), 0
    for patch in pieces:
        checkpoint()
        outputs = runtime.invoke(interpreter, patch[np.newaxis])
        patch_tags, patch_embedding = sorted((output[0] for output in outputs), key=len)
        embedding, tags, count = embedding + patch_embedding, tags + patch_tags, count + 1
    if not (np.isfinite(embedding).all() and np.isfinite(tags).all()):
        raise BadSound("the tagger gives no numbers for it")
    share = max(count, 1)
    return Heard(embedding / share, np.clip(tags / share, 0, 1), count)


def features(
    plpy: Any, cache: dict[str, Any], wav: bytes | None, model_id: int
) -> tuple[list[float], list[float]] | None:
    """The embedding and the scores of the tags of a WAV file, by the given tagger.

    Errors: SQLSTATE 22000 where the bytes are no WAV file that can be read, or silence.
    """
    if wav is None:
        return None
    model = runtime.model(plpy, cache, "tagger", model_id)
    # The last result is kept: a query may call the function several times for one file.
    key = model.model_id, hashlib.sha256(wav).digest()
    if cache.get("heard", (None,))[0] != key:
        cache["heard"] = key, _hear_wav(plpy, model, wav)
    heard: Heard = cache["heard"][1]
    return heard.embedding.tolist(), heard.tags.tolist()


def _hear_wav(plpy: Any, model: runtime.Model, content: bytes) -> Heard:
    hint = "WAV can be read; ./pgmuse search FILE reads FLAC, Ogg, Opus and MP3 too"
    try:
        wav = read_wav(content)
        pieces = patches(wav.rate, wav.frames, wav.read)
        heard = hear(model.interpreter, pieces, lambda: runtime.checkpoint(plpy))
    except BadSound as error:
        message = str(error)
    else:
        if heard.patches:
            return heard
        message, hint = "it is silent", "a sound must exceed 60 dB below full scale"
    runtime.fail(plpy, message, hint, "22000")
