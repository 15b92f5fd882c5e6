"""Song radio: playlists into tables, a model of which tracks go together, and its answers."""
