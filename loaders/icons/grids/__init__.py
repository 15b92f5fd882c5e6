"""Brute-force search: the classifier on every small grid."""
