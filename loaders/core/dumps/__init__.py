"""What loaders of large dumps share: cut, staged by processes, resumed, brought in set by set."""
