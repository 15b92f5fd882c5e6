"""The lines of a bitmap that are inputs when a network draws the next line.

Icons are often symmetric. So the inputs are the two lines above, and what the drawn part has at
the place of the next line when it is mirrored at the middle line, rotated by half a turn, or
mirrored at a diagonal; 0 where that is not drawn yet.
"""

import numpy as np

ABOVE = 2  # lines above
ACROSS = (-1, 0, 1)  # shifts of the mirrored line: axes at the middle, or half a pixel beside it
INPUTS = ABOVE + len(ACROSS) + 3


def input_lines(squares: np.ndarray, y: int) -> np.ndarray:
    """The inputs for line y, (n, INPUTS, size), from the lines before y of (n, size, size)."""
    n, size, _ = squares.shape
    lines = np.zeros((n, INPUTS, size), dtype=np.float32)
    for above in range(1, min(ABOVE, y) + 1):
        lines[:, above - 1] = squares[:, y - above]
    for number, shift in enumerate(ACROSS, ABOVE):
        mirrored = size - 1 - y + shift
        if 0 <= mirrored < y:
            lines[:, number] = squares[:, mirrored]
    if size - 1 - y < y:
        lines[:, -3] = squares[:, size - 1 - y, ::-1]  # half a turn
    lines[:, -2, :y] = squares[:, :y, y]  # mirrored at the diagonal
    lines[:, -1, size - y :] = squares[:, :y, size - 1 - y][:, ::-1]  # at the other diagonal
    return lines
