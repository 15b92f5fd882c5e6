"""Embeddings of pictures, their nearest neighbours, and the confidence of a match."""
