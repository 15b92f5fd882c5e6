"""Fit, measure and export networks of icons. The only I/O is the folder of checkpoints."""

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
from loaders.icons.networks.examples import Examples, Parts
from loaders.icons.networks.lines import LineNetwork
from loaders.icons.networks.tokens import TokenNetwork
from udfs.captions import LENGTH, STYLES, WORDS_FROM
from udfs.icon_grammar import Grammar
from udfs.icon_lines import INPUTS

BATCH = 8  # bitmaps per run of the exported graph: with more, the first one takes longer
LOSSES, WEIGHTS = "validation.json", "best.weights.h5"  # files of a checkpoint
EXACT = 1e-4  # largest difference between LiteRT and Keras
KEPT = 0.8, 0.5, 0.7  # shares of their styles, of their sets, and of the parts of their words
Network = LineNetwork | TokenNetwork


@dataclass(frozen=True)
class Fitting:
    """Hyperparameters of training."""

    epochs: int = 10
    batch: int = 16
    learning_rate: float = 0.006
    patience: int = 2  # epochs without a lower validation loss before early stopping
    flip: bool = True  # mirror half of the icons at random
    stretched: int = 0  # copies of each icon, a line and a column larger or smaller
    captioned: float = 0.85  # share of examples with a caption
    seed: int = 0


def build_network(
    settings: icon_lines.LineNetworkSettings | icon_tokens.TokenNetworkSettings, seed: int
) -> Network:
    """Build a network with initial weights."""
    keras.utils.set_random_seed(seed)
    if isinstance(settings, icon_lines.LineNetworkSettings):
        network: Network = LineNetwork(settings)
    else:
        network = TokenNetwork(settings)
    one = Examples.of(np.ones((1, settings.size, settings.size), dtype=bool))
    network(_inputs(network, one)[0])
    return network


def fit(
    network: Network,
    parts: Parts,
    fitting: Fitting,
    folder: Path | None = None,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> dict[str, Any]:
    """Fit with early stopping, and restore the best weights; return the numbers of epochs.

    on_step: called with the number of steps and the loss. folder: for checkpoints; an interrupted
    run is resumed at its last epoch. The caller removes the folder.
    """
    batches = _dataset(network, parts.train, fitting)
    steps = len(batches)
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
        batches,
        validation_data=_dataset(network, parts.validation, None),
        epochs=fitting.epochs,
        callbacks=callbacks,
        shuffle=False,  # the dataset does it
        verbose=0,
    )
    return {"epochs": len(best.losses), "best_epoch": best.epoch + 1}


def write_weights(network: Network, path: Path) -> None:
    """Write the weights as float16, for trainings that begin with them."""
    weights = {str(i): weight.astype(np.float16) for i, weight in enumerate(network.get_weights())}
    np.savez_compressed(path, **weights)


def read_weights(network: Network, path: Path) -> None:
    """Begin with the weights of a file; those of another network are not used."""
    if not path.is_file():
        return
    with np.load(path) as file:
        weights = [file[str(i)].astype(np.float32) for i in range(len(file.files))]
    if [weight.shape for weight in weights] == [own.shape for own in network.get_weights()]:
        network.set_weights(weights)


def bits_a_pixel(network: Network, icons: Examples) -> np.ndarray:
    """Negative log-likelihood of each icon, with its caption, in bits a pixel, (n)."""
    nats = []
    for start in range(0, len(icons), 64):
        part = icons.take(slice(start, start + 64))
        inputs, targets = _inputs(network, part)
        nats.append(_nats(network, network(inputs), tf.constant(targets)).numpy())
    costs: np.ndarray = np.concatenate(nats) / (icons.bitmaps.shape[-1] ** 2 * np.log(2))
    return costs


def export(network: Network, batch: int = BATCH) -> tuple[bytes, dict[str, Any]]:
    """A LiteRT flatbuffer of one step with its state, and the config that udfs need to run it."""
    settings = network.settings
    signature: list[tf.TensorSpec]
    if isinstance(settings, icon_lines.LineNetworkSettings):
        shapes = [
            (batch, INPUTS, settings.size),
            (batch,),
            (batch, settings.size, settings.channels),
            (batch, settings.size),
            (batch,),
        ]
        signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
        signature.append(tf.TensorSpec((batch, LENGTH), tf.int32))
        signature.append(tf.TensorSpec((batch, batch), tf.float32))
        config: dict[str, Any] = {
            "network": "lines",
            "encoding": "scanlines",
            "above": INPUTS,
            "channels": settings.channels,
            "styles": list(STYLES),
            "mixes": True,
        }
    else:
        width = Grammar(settings.size, settings.encoding, 1).context().shape[1]
        signature = [
            tf.TensorSpec((batch,), tf.int32),
            tf.TensorSpec((batch, width), tf.float32),
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
    """The argument of `step` for each input of the graph, and the result for each output.

    Errors: ArithmeticError where the results of LiteRT and Keras differ by more than EXACT.
    """
    from ai_edge_litert.interpreter import Interpreter

    random = np.random.default_rng(0)
    arguments = [random.random(spec.shape).astype(spec.dtype.as_numpy_dtype) for spec in signature]
    expected = [result.numpy() for result in network.step(*map(tf.constant, arguments))]
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    names = list(inspect.signature(network.step).parameters)
    inputs = []
    for detail in interpreter.get_input_details():
        inputs.append(names.index(detail["name"].removeprefix("serving_default_").split(":")[0]))
        interpreter.set_tensor(detail["index"], arguments[inputs[-1]])
    interpreter.invoke()
    outputs = []
    for detail in interpreter.get_output_details():
        result = interpreter.get_tensor(detail["index"])
        same = [
            i
            for i, other in enumerate(expected)
            if other.shape == result.shape and np.abs(other - result).max() <= EXACT
        ]
        if len(same) != 1:
            raise ArithmeticError(
                f"the output {detail['name']} of LiteRT differs from that of Keras"
            )
        outputs += same
    return {"inputs": inputs, "outputs": outputs}


class _Best(keras.callbacks.Callback):  # type: ignore[misc]
    """Early stopping on the validation loss, with the best weights restored at the end.

    Unlike Keras' EarlyStopping it stores losses and best weights in a `folder`, to be resumed.
    """

    def __init__(self, patience: int, folder: Path | None) -> None:
        super().__init__()
        self._patience, self._folder = patience, folder
        self._best: list[np.ndarray] = []
        self.losses: list[float] = []  # of the validation, by epoch

    @property
    def epoch(self) -> int:
        """The epoch with the lowest validation loss, from 0."""
        return int(np.argmin(np.nan_to_num(self.losses, nan=np.inf)))

    def on_train_begin(self, logs: Any = None) -> None:
        if self._folder and (losses := self._folder / LOSSES).is_file():
            self.losses = json.loads(losses.read_text())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses = [*self.losses[:epoch], float((logs or {})["val_loss"])]
        if self.epoch == epoch:
            self._best = self.model.get_weights()
        if self._folder:
            self._save(self._folder, is_best=self.epoch == epoch)
        if epoch - self.epoch >= self._patience:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self._best:
            self.model.set_weights(self._best)
        elif self._folder:  # the best epoch was before an interruption
            self.model.load_weights(self._folder / WEIGHTS)

    def _save(self, folder: Path, *, is_best: bool) -> None:
        """Write the checkpoint; each file is replaced atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        if is_best:
            self.model.save_weights(folder / f"new.{WEIGHTS}")
            folder.joinpath(f"new.{WEIGHTS}").replace(folder / WEIGHTS)
        folder.joinpath("new").write_text(json.dumps(self.losses))
        folder.joinpath("new").replace(folder / LOSSES)


class _Steps(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports the number of steps, including those of a resumed run."""

    def __init__(self, steps: int, on_step: Callable[[int, float], None]) -> None:
        super().__init__()
        self._steps, self._on_step, self._done = steps, on_step, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._done = epoch * self._steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._on_step(self._done + batch + 1, float((logs or {}).get("loss", 0)))


def _inputs(network: Network, icons: Examples) -> tuple[Any, np.ndarray]:
    if isinstance(network.settings, icon_lines.LineNetworkSettings):
        inputs = icon_lines.encode_bitmaps(icons.bitmaps, icons.captions)
        return inputs, icons.bitmaps.astype(np.float32)
    return icon_tokens.encode_icons(icons.bitmaps, network.settings)


def _dataset(network: Network, icons: Examples, fitting: Fitting | None) -> Any:
    """Batches of inputs and targets.

    For fitting they are shuffled, mirrored and stretched at random where the fitting says so, and
    parts of the captions are left out at random; else there is each icon with its caption and
    without.
    """
    if fitting is None:
        inputs = _inputs(network, icons.with_and_without_captions())
        return tf.data.Dataset.from_tensor_slices(inputs).batch(64)
    turned = icons.with_mirrored() if fitting.flip else icons
    forms = turned.with_stretched(fitting.stretched, fitting.seed)
    examples = _inputs(network, forms)  # tokens of a mirrored icon are not its tokens mirrored
    numbers = tf.data.Dataset.range(len(icons)).shuffle(len(icons), seed=fitting.seed)
    pick = partial(
        _pick_example,
        len(icons),
        len(forms) // len(icons),
        fitting.captioned,
        tf.nest.map_structure(tf.constant, examples),
    )
    return numbers.map(pick).batch(fitting.batch)


def _pick_example(
    icons: int, forms: int, captioned: float, examples: Any, number: tf.Tensor
) -> Any:
    """Input and target of an icon, in one of its forms."""
    form = tf.random.uniform((), maxval=forms, dtype=tf.int64)
    inputs, target = tf.nest.map_structure(lambda values: values[form * icons + number], examples)
    if "captions" in inputs:
        inputs = inputs | {"captions": inputs["captions"] * _parts_to_keep(captioned)}
    return inputs, target


def _parts_to_keep(captioned: float) -> tf.Tensor:
    """1 for the parts of a caption that a network sees in a step, (LENGTH): sometimes none."""
    style, icon_set, words = KEPT
    shares = tf.constant([style, icon_set] + (LENGTH - WORDS_FROM) * [words])
    is_captioned = tf.random.uniform(()) < captioned
    return tf.cast((tf.random.uniform((LENGTH,)) < shares) & is_captioned, tf.int32)


def _loss_of(network: Network) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    pixels = network.settings.size**2

    def loss(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return _nats(network, logits, targets) / pixels

    return loss


def _nats(network: Network, logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Negative log-likelihood of every icon in nats, (n), over its pixels or tokens."""
    if isinstance(network, LineNetwork):
        costs = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)
        return tf.reduce_sum(costs, (1, 2))
    in_sequence, tokens = targets >= 0, tf.cast(tf.maximum(targets, 0), tf.int32)
    costs = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits)
    return tf.reduce_sum(tf.where(in_sequence, costs, 0.0), 1)
