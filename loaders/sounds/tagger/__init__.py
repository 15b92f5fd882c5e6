"""The tagger of music: musicnn ported from installed weights."""
