"""Find candidates for the likeliest small grid of every label, on a GPU.

Needs PyTorch with CUDA, which pgmuse does not install, and of pgmuse this repository and a file of
weights. `loaders.icons.grids.shipped.store` classifies the candidates again, as SQL does, and
stores the likeliest. On one H100 the 33,554,432 grids of 5 x 5 take nine minutes.

The first layers see little of a picture: a feature of block3_1 (14 x 14 of them) sees 4 x 4 grid
pixels at most. So these features are computed once for all patterns of each window of 4 x 4, and
looked up for each grid; only the layers behind them run on every grid, in float16.
"""

import argparse
import csv
import math
import runpy
import time
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).resolve().parent.parent
CLASSIFIER = runpy.run_path(str(HOME / "loaders/images/classifier/efficientnet.py"))
DEVIATION, MEAN, STAGES, VARIANTS, scaled_width = (
    CLASSIFIER[name] for name in ("DEVIATION", "MEAN", "STAGES", "VARIANTS", "scaled_width")
)
GRID, CELLS, CELL = 5, 7, 32  # pixels of a grid, with its border, and inputs of each
EARLY = 6  # blocks before the cut: block0 to block3_1
WINDOW = 4  # grid pixels that the last early layer sees, a side
BATCH = 4096
CANDIDATES = 16  # grids a label, of different batches
TOLERANCE = 0.02  # of a probability, float16 against float32


class Block(NamedTuple):
    """Folded weights of a bottleneck: (outputs, inputs), (channels, kernel, kernel), biases."""

    expand: Any
    expand_bias: Any
    depthwise: Any
    depthwise_bias: Any
    project: Any
    project_bias: Any
    stride: int
    residual: bool


class Network(NamedTuple):
    """Folded weights of a classifier, and the pixels a side of its input."""

    size: int
    stem: Any
    stem_bias: Any
    blocks: list[Block]
    head: Any
    head_bias: Any
    dense: Any
    dense_bias: Any


def read_network(path: Path, lite: int, device: str) -> Network:
    """Read a file of PyTorch weights; batch normalization is folded into the convolutions."""
    import torch

    state = torch.load(path, map_location=device, weights_only=True)
    state = {name: value.float() for name, value in state.items()}
    variant = VARIANTS[lite]

    def fold(conv: str, norm: str) -> tuple[Any, Any]:
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + 1e-3).sqrt()
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        return state[f"{conv}.weight"] * scale[:, None, None, None], bias

    blocks: list[Block] = []
    inputs = 32
    for index, stage in enumerate(STAGES):
        is_end = index in (0, len(STAGES) - 1)
        outputs = scaled_width(stage.outputs, variant.width)
        for repeat in range(stage.repeats if is_end else math.ceil(variant.depth * stage.repeats)):
            name = f"_blocks.{len(blocks)}"
            expand = (None, None)
            if stage.expand != 1:
                weight, bias = fold(f"{name}._expand_conv", f"{name}._bn0")
                expand = (weight[:, :, 0, 0], bias)
            depthwise, depthwise_bias = fold(f"{name}._depthwise_conv", f"{name}._bn1")
            project, project_bias = fold(f"{name}._project_conv", f"{name}._bn2")
            stride = stage.stride if repeat == 0 else 1
            block = Block(
                *expand,
                depthwise[:, 0],
                depthwise_bias,
                project[:, :, 0, 0],
                project_bias,
                stride,
                stride == 1 and inputs == outputs,
            )
            blocks.append(block)
            inputs = outputs
    stem, stem_bias = fold("_conv_stem", "_bn0")
    head, head_bias = fold("_conv_head", "_bn1")
    dense = (state["_fc.weight"], state["_fc.bias"])
    return Network(variant.size, stem, stem_bias, blocks, head[:, :, 0, 0], head_bias, *dense)


def padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels of padding before and after, as TensorFlow's `same`."""
    total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def early(network: Network, levels: Any, count: int) -> Any:
    """The features of the first `count` blocks: (n, channels, rows, columns) in float32.

    levels: (n, size, size) from 0 to 255.
    """
    import torch.nn.functional as f

    x = ((levels - MEAN) / DEVIATION)[:, None].expand(-1, 3, -1, -1)
    pad = padding(x.shape[-1], 3, 2) * 2
    x = f.conv2d(f.pad(x, pad), network.stem, network.stem_bias, stride=2).clamp(0, 6)
    for block in network.blocks[:count]:
        y = x
        if block.expand is not None:
            y = f.conv2d(y, block.expand[:, :, None, None], block.expand_bias).clamp_(0, 6)
        kernel = block.depthwise.shape[-1]
        y = f.pad(y, padding(y.shape[-1], kernel, block.stride) * 2)
        weight = block.depthwise[:, None]
        y = f.conv2d(y, weight, block.depthwise_bias, block.stride, groups=len(weight)).clamp_(0, 6)
        y = f.conv2d(y, block.project[:, :, None, None], block.project_bias)
        x = x + y if block.residual else y
    return x


def late(network: Network, x: Any, start: int) -> Any:
    """Probabilities (labels, n) from the features of the first `start` blocks.

    x: (channels, n, rows, columns), so that a convolution of 1 x 1 is one matrix product.
    """
    import torch.nn.functional as f

    for block in network.blocks[start:]:
        y = (_product(block.expand, x) + block.expand_bias[:, None, None, None]).clamp(0, 6)
        y = _depthwise(y, block)
        y = _product(block.project, y) + block.project_bias[:, None, None, None]
        x = x + y if block.residual else y
    x = (_product(network.head, x) + network.head_bias[:, None, None, None]).clamp(0, 6)
    embedding = x.float().mean((2, 3)).to(x.dtype)
    logits = (network.dense @ embedding).float() + network.dense_bias.float()[:, None]
    return f.softmax(logits, 0)


def _product(weight: Any, x: Any) -> Any:
    return (weight @ x.reshape(len(x), -1)).reshape(-1, *x.shape[1:])


def _depthwise(x: Any, block: Block) -> Any:
    """As a sum of shifted pictures, which the compiler makes one kernel."""
    import torch.nn.functional as f

    kernel, stride, side = block.depthwise.shape[-1], block.stride, x.shape[-1]
    span = (math.ceil(side / stride) - 1) * stride + 1
    x = f.pad(x, padding(side, kernel, stride) * 2)
    y = block.depthwise_bias[:, None, None, None]
    for row in range(kernel):
        for column in range(kernel):
            part = x[:, :, row : row + span : stride, column : column + span : stride]
            y = y + part * block.depthwise[:, row, column][:, None, None, None]
    return y.clamp(0, 6)


def pictures(squares: Any, size: int) -> Any:
    """Levels (n, size, size) of squares (n, side, side): ink is 0 and paper 255."""
    import torch

    places = torch.arange(size, device=squares.device) * squares.shape[-1] // size
    return torch.where(squares, 0.0, 255.0)[:, places][:, :, places]


def grids(numbers: Any, side: int) -> Any:
    """Squares of grids by number: its binary digits row by row, the highest first."""
    import torch
    import torch.nn.functional as f

    digits = torch.arange(side * side - 1, -1, -1, device=numbers.device)
    squares = (numbers[:, None] >> digits & 1).bool().reshape(-1, side, side)
    return f.pad(squares, (1, 1, 1, 1)) if side == GRID else squares


def first_cells(network: Network) -> list[int]:
    """For each row of early features, the first of the WINDOW grid pixels that it sees."""
    side, layers = network.size, [(3, 2)]
    layers += [(block.depthwise.shape[-1], block.stride) for block in network.blocks[:EARLY]]
    steps = []
    for kernel, stride in layers:
        steps.append((kernel, stride, padding(side, kernel, stride)[0], side))
        side = math.ceil(side / stride)
    result = []
    for row in range(side):
        low = high = row
        for kernel, stride, before, limit in reversed(steps):
            low = max(low * stride - before, 0)
            high = min(high * stride - before + kernel - 1, limit - 1)
        result.append(min(low // CELL, CELLS - WINDOW))
        if high // CELL >= result[-1] + WINDOW:
            raise SystemExit(f"row {row} of the features sees more than {WINDOW} grid pixels")
    return result


class Window(NamedTuple):
    """Grid pixels `rows` x `columns` (ranges in the grid), and the features that see only them."""

    rows: range
    columns: range
    feature_rows: list[int]
    feature_columns: list[int]

    def patterns(self, numbers: Any) -> Any:
        """The number of each grid's pattern in this window."""
        shift, width = GRID - self.columns.stop, len(self.columns)
        result = 0 * numbers
        for row in self.rows:
            part = numbers >> (GRID * (GRID - 1 - row) + shift) & (1 << width) - 1
            result = result << width | part
        return result

    def grid_numbers(self, patterns: Any) -> Any:
        """The grids with these patterns and no other ink."""
        shift, width = GRID - self.columns.stop, len(self.columns)
        result = 0 * patterns
        for index, row in enumerate(reversed(self.rows)):
            part = patterns >> width * index & (1 << width) - 1
            result = result | part << (GRID * (GRID - 1 - row) + shift)
        return result

    def features(self, network: Network, patterns: Any) -> Any:
        """(n, rows, columns, channels) of the early features that see only this window."""
        levels = pictures(grids(self.grid_numbers(patterns), GRID), network.size)
        x = early(network, levels, EARLY)[:, :, self.feature_rows][:, :, :, self.feature_columns]
        return x.permute(0, 2, 3, 1)


def windows(network: Network) -> list[Window]:
    """The windows that together hold every early feature once."""
    firsts = first_cells(network)
    starts = sorted(set(firsts))

    def pixels(start: int) -> range:
        return range(max(start - 1, 0), min(start - 1 + WINDOW, GRID))

    def features(start: int) -> list[int]:
        return [index for index, first in enumerate(firsts) if first == start]

    return [
        Window(pixels(row), pixels(column), features(row), features(column))
        for row in starts
        for column in starts
    ]


def joined(tables: list[tuple[Window, Any]], numbers: Any, side: int) -> Any:
    """Early features (channels, n, side, side) of grids, looked up in the windows' tables."""
    first = tables[0][1]
    x = first.new_empty((len(numbers), side, side, first.shape[-1]))
    for window, table in tables:
        rows, columns = window.feature_rows, window.feature_columns
        part = table[window.patterns(numbers)]
        x[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = part
    return x.permute(3, 0, 1, 2).contiguous()


def halved(network: Network) -> Network:
    """The network in float16."""

    def half(value: Any) -> Any:
        return value.half() if hasattr(value, "half") else value

    blocks = [Block(*(half(value) for value in block)) for block in network.blocks]
    return Network(*(half(value) for value in network._replace(blocks=[])))._replace(blocks=blocks)


def find(lite: int, grid: int, weights: Path, out: Path, seconds: float, first: int) -> None:
    """Write the candidates: rows of label's number, grid's number and probability.

    first: the batch to begin with. seconds: the time after which to end, with the batches so far.
    """
    import torch

    torch.backends.cudnn.allow_tf32 = False
    with torch.inference_mode():
        begin = time.monotonic()
        network = read_network(weights, lite, "cuda")
        count = 1 << grid * grid
        size = BATCH if grid == GRID else BATCH // 8
        best = fast_best(network, begin) if grid == GRID else slow_best(network)
        batches = count // size
        values = torch.zeros(batches, len(network.dense), device="cuda")
        numbers = torch.zeros(batches, len(network.dense), dtype=torch.long, device="cuda")
        steps = torch.arange(size, device="cuda") * batches
        for batch in range(first, batches):
            # A batch holds grids from everywhere, so that the likeliest share few batches.
            values[batch], places = best(steps + batch)
            numbers[batch] = places * batches + batch
            if batch % 256 == 255:
                torch.cuda.synchronize()
                _say(begin, f"{(batch + 1) * size:,} of {count:,} grids")
                if time.monotonic() - begin > seconds:
                    break
        top = values.topk(CANDIDATES, 0)
        with out.open("w", newline="") as file:
            for label in range(len(network.dense)):
                bests = numbers[top.indices[:, label], label].tolist()
                rows = zip(bests, top.values[:, label].tolist(), strict=True)
                csv.writer(file).writerows((label, *row) for row in rows)
        _say(begin, f"batches {first:,} to {batch:,} of {batches:,} are done")


def slow_best(network: Network) -> Any:
    """A function from numbers of 4 x 4 grids to the best probability and its index, by label."""

    def best(numbers: Any) -> Any:
        x = early(network, pictures(grids(numbers, 4), network.size), EARLY)
        return late(network, x.transpose(0, 1).contiguous(), EARLY).max(1)

    return best


def fast_best(network: Network, begin: float) -> Any:
    """The same for 5 x 5 grids, in float16 and with the early features looked up."""
    import torch

    tables = [(window, _table(network, window)) for window in windows(network)]
    half, side = halved(network), len(first_cells(network))
    _say(begin, "tables")
    compiled = torch.compile(lambda x: late(half, x, EARLY).max(1))

    def best(numbers: Any) -> Any:
        return compiled(joined(tables, numbers, side))

    dice = torch.randint(1 << GRID * GRID, (BATCH,), device="cuda")
    some = early(network, pictures(grids(dice[:512], GRID), network.size), EARLY)
    full = late(network, some.transpose(0, 1).contiguous(), EARLY)
    values, places = best(dice)
    halves = late(half, joined(tables, dice[:512], side), EARLY)
    difference = (halves - full).abs().max().item()
    chosen = late(half, joined(tables, dice[places], side), EARLY).diagonal()
    compiling = (chosen - values).abs().max().item()
    _say(begin, f"float16 differs by {difference:.4f}, compiled by {compiling:.4f}")
    if max(difference, compiling) > TOLERANCE:
        raise SystemExit("the halves differ from the whole network")
    for _ in range(3):
        best(dice)
    torch.cuda.synchronize()
    start = time.monotonic()
    for _ in range(5):
        best(dice)
    torch.cuda.synchronize()
    _say(begin, f"{5 * BATCH / (time.monotonic() - start):,.0f} grids a second")
    return best


def _table(network: Network, window: Window) -> Any:
    import torch

    patterns = torch.arange(1 << len(window.rows) * len(window.columns), device="cuda")
    return torch.cat([window.features(network, some).half() for some in patterns.split(512)])


def _say(begin: float, text: str) -> None:
    print(f"{time.monotonic() - begin:6.1f} s  {text}", flush=True)


def main() -> None:
    """Read the arguments, and write the candidates."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("lite", type=int, help="EfficientNet-Lite 0, 1 or 2")
    parser.add_argument("grid", type=int, choices=(4, GRID), help="pixels a side")
    parser.add_argument("weights", type=Path, help="the .pth file of the classifier")
    parser.add_argument("out", type=Path, help="CSV file to write")
    parser.add_argument("--seconds", type=float, default=math.inf, help="end after this time")
    parser.add_argument("--first", type=int, default=0, help="batch to begin with")
    find(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
