"""Recurrent networks over pixels, fitted with TensorFlow and exported to LiteRT."""
