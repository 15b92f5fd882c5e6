"""Code that Postgres runs: the standard library, numpy, pillow and LiteRT, nothing else of ours.

`plpy` and `GD` are arguments, so every module imports, and is tested, without a server.
"""

# The revision of the database that this code is written for.
REVISION = "0039"
