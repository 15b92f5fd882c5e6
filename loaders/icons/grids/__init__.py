"""Brute force: the classifier over every small grid."""
