"""How networks of icons are fitted, measured and exported; no I/O but a folder to go on from."""

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from loaders.icons.networks import lines as icon_lines
from loaders.icons.networks import tokens as icon_tokens
from loaders.icons.networks.lines import LineNetwork
from loaders.icons.networks.tokens import TokenNetwork
from udfs.icon_grammar import Grammar

VALIDATION, TEST = 0.1, 0.1  # shares of the families
BATCH = 32  # bitmaps that the exported step takes at once
LOSSES, WEIGHTS = "validation.json", "best.weights.h5"  # of a training that may be interrupted
EXACT = 1e-4  # that LiteRT may be off, in nats and states
Network = LineNetwork | TokenNetwork


@dataclass(frozen=True)
class Fitting:
    """How a network is fitted."""

    epochs: int = 10
    batch: int = 16
    learning_rate: float = 0.006
    patience: int = 2  # epochs without a better validation before it ends
    flip: bool = True  # half of the icons are mirrored at random
    seed: int = 0


@dataclass(frozen=True)
class Parts:
    """Icons by families, (n, size, size) of bools: to fit, to end at the best, to measure."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(icons: np.ndarray, families: list[str], seed: int = 0) -> Parts:
    """A family is in one part, whatever else there is: the same for all who split so."""
    place = np.array(
        [
            int.from_bytes(hashlib.sha256(f"{seed} {family}".encode()).digest()[:4], "big") / 2**32
            for family in families
        ]
    )
    held_out = place < VALIDATION + TEST
    test = place < TEST
    return Parts(icons[~held_out], icons[held_out & ~test], icons[test])


def build_network(
    settings: icon_lines.LineNetworkSettings | icon_tokens.TokenNetworkSettings, seed: int
) -> Network:
    """A network with its weights as they begin."""
    keras.utils.set_random_seed(seed)
    if isinstance(settings, icon_lines.LineNetworkSettings):
        network: Network = LineNetwork(settings)
    else:
        network = TokenNetwork(settings)
    network(_inputs(network, np.ones((1, settings.size, settings.size), dtype=bool))[0])
    return network


def fit(
    network: Network,
    parts: Parts,
    fitting: Fitting,
    folder: Path | None = None,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> dict[str, Any]:
    """Fit until the validation gets no better; the best weights stay. What was seen on the way.

    `on_step` hears how many steps are done. With a `folder`, a run that was ended goes on from
    there at the next one, at its last epoch; who is done with what came of it removes the folder.
    """
    shown = _shown(network, parts.train, fitting)
    steps = len(shown)
    rate = keras.optimizers.schedules.CosineDecay(
        fitting.learning_rate / 10,
        steps * fitting.epochs,
        warmup_target=fitting.learning_rate,
        warmup_steps=min(100, steps),
    )
    network.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0), loss=_loss_of(network), jit_compile=False
    )
    best = _Best(fitting.patience, folder)
    callbacks = [best, _Steps(steps, on_step)]
    if folder is not None:
        callbacks.append(keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False))
    network.fit(
        shown,
        validation_data=_shown(network, parts.validation, None),
        epochs=fitting.epochs,
        callbacks=callbacks,
        shuffle=False,  # they are already
        verbose=0,
    )
    return {"epochs": len(best.losses), "best_epoch": best.epoch + 1}


def bits_a_pixel(network: Network, icons: np.ndarray) -> np.ndarray:
    """What each icon costs the network, (n)."""
    told = []
    for start in range(0, len(icons), 64):
        part = icons[start : start + 64]
        inputs, wanted = _inputs(network, part)
        told.append(_nats(network, network(inputs), tf.constant(wanted)).numpy())
    costs: np.ndarray = np.concatenate(told) / (icons.shape[-1] ** 2 * np.log(2))
    return costs


def export(network: Network, batch: int = BATCH) -> tuple[bytes, dict[str, Any]]:
    """A LiteRT flatbuffer of one step, state in and out, and what a caller has to know of it."""
    settings = network.settings
    signature: list[tf.TensorSpec]
    if isinstance(settings, icon_lines.LineNetworkSettings):
        shapes = [
            (batch, icon_lines.ABOVE, settings.size),
            (batch,),
            (batch, settings.size, settings.channels),
            (batch, settings.size),
            (batch,),
        ]
        signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
        config: dict[str, Any] = {
            "network": "lines",
            "encoding": "scanlines",
            "above": icon_lines.ABOVE,
            "channels": settings.channels,
        }
    else:
        seen = Grammar(settings.size, settings.encoding, 1).seen().shape[1]
        signature = [
            tf.TensorSpec((batch,), tf.int32),
            tf.TensorSpec((batch, seen), tf.float32),
            tf.TensorSpec((batch, settings.units), tf.float32),
        ]
        config = {"network": "tokens", "encoding": settings.encoding, "units": settings.units}
    concrete = tf.function(network.step, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    content = bytes(converter.convert())
    return content, config | {"size": settings.size, "batch": batch} | _order(
        content, network, signature
    )


def _order(
    content: bytes, network: Network, signature: list[tf.TensorSpec]
) -> dict[str, list[int]]:
    """Which argument each input of the graph is, and which answer each of its outputs.

    Errors: ArithmeticError where LiteRT does not give what Keras does.
    """
    from ai_edge_litert.interpreter import Interpreter

    random = np.random.default_rng(0)
    given = [random.random(spec.shape).astype(spec.dtype.as_numpy_dtype) for spec in signature]
    wanted = [answer.numpy() for answer in network.step(*map(tf.constant, given))]
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    names = list(inspect.signature(network.step).parameters)
    inputs = []
    for detail in interpreter.get_input_details():
        inputs.append(names.index(detail["name"].removeprefix("serving_default_").split(":")[0]))
        interpreter.set_tensor(detail["index"], given[inputs[-1]])
    interpreter.invoke()
    outputs = []
    for detail in interpreter.get_output_details():
        answer = interpreter.get_tensor(detail["index"])
        same = [
            i
            for i, other in enumerate(wanted)
            if other.shape == answer.shape and np.abs(other - answer).max() <= EXACT
        ]
        if len(same) != 1:
            raise ArithmeticError(f"what LiteRT gives as {detail['name']} is not what Keras gives")
        outputs += same
    return {"inputs": inputs, "outputs": outputs}


class _Best(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a fitting when the validation gets no better, and leaves it with the best weights.

    Unlike Keras' EarlyStopping it knows, in a `folder`, what was best before it was interrupted.
    """

    def __init__(self, patience: int, folder: Path | None) -> None:
        super().__init__()
        self._patience, self._folder = patience, folder
        self._best: list[np.ndarray] = []
        self.losses: list[float] = []  # of the validation, by epoch

    @property
    def epoch(self) -> int:
        """The best one, from 0."""
        return int(np.argmin(np.nan_to_num(self.losses, nan=np.inf)))

    def on_train_begin(self, logs: Any = None) -> None:
        if self._folder and (known := self._folder / LOSSES).is_file():
            self.losses = json.loads(known.read_text())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses = [*self.losses[:epoch], float((logs or {})["val_loss"])]
        if self.epoch == epoch:
            self._best = self.model.get_weights()
        if self._folder:
            self._keep(self._folder, is_best=self.epoch == epoch)
        if epoch - self.epoch >= self._patience:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self._best:
            self.model.set_weights(self._best)
        elif self._folder:  # of before it was interrupted
            self.model.load_weights(self._folder / WEIGHTS)

    def _keep(self, folder: Path, *, is_best: bool) -> None:
        """Write what an interruption is not to take; each file is whole at any time."""
        folder.mkdir(parents=True, exist_ok=True)
        if is_best:
            self.model.save_weights(folder / f"new.{WEIGHTS}")
            folder.joinpath(f"new.{WEIGHTS}").replace(folder / WEIGHTS)
        folder.joinpath("new").write_text(json.dumps(self.losses))
        folder.joinpath("new").replace(folder / LOSSES)


class _Steps(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells how far a fitting is, from where an earlier one ended."""

    def __init__(self, steps: int, on_step: Callable[[int, float], None]) -> None:
        super().__init__()
        self._steps, self._on_step, self._done = steps, on_step, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._done = epoch * self._steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._on_step(self._done + batch + 1, float((logs or {}).get("loss", 0)))


def _inputs(network: Network, icons: np.ndarray) -> tuple[Any, np.ndarray]:
    if isinstance(network.settings, icon_lines.LineNetworkSettings):
        return icons.astype(np.float32), icons.astype(np.float32)
    return icon_tokens.spelled(icons, network.settings)


def _shown(network: Network, icons: np.ndarray, fitting: Fitting | None) -> Any:
    """Batches of inputs and what is wanted; shuffled, and mirrored, where they are to be fitted."""
    if fitting is None:
        return tf.data.Dataset.from_tensor_slices(_inputs(network, icons)).batch(64)
    both = np.concatenate([icons, icons[:, :, ::-1]]) if fitting.flip else icons
    told = _inputs(network, both)  # tokens of a mirrored icon are not mirrored tokens
    numbers = tf.data.Dataset.range(len(icons)).shuffle(len(icons), seed=fitting.seed)
    pick = partial(
        _one_of, len(icons), len(both) // len(icons), tf.nest.map_structure(tf.constant, told)
    )
    return numbers.map(pick).batch(fitting.batch)


def _one_of(icons: int, turns: int, told: Any, number: tf.Tensor) -> Any:
    """What is told of an icon, as it is or mirrored."""
    turn = tf.random.uniform((), maxval=turns, dtype=tf.int64)
    return tf.nest.map_structure(lambda values: values[turn * icons + number], told)


def _loss_of(network: Network) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    pixels = network.settings.size**2

    def loss(wanted: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return _nats(network, logits, wanted) / pixels

    return loss


def _nats(network: Network, logits: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """The cost of every icon, (n): of its pixels, or of its tokens up to the end."""
    if isinstance(network, LineNetwork):
        costs = tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits)
        return tf.reduce_sum(costs, (1, 2))
    said, tokens = wanted >= 0, tf.cast(tf.maximum(wanted, 0), tf.int32)
    costs = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits)
    return tf.reduce_sum(tf.where(said, costs, 0.0), 1)
