"""Spotify's API, by spotipy: a crawl of playlists, named playlists, and a user's own library."""
