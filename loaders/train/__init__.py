"""Models, one file each: a configuration, how it is fitted, what comes out; no I/O."""
