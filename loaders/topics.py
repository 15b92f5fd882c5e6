"""The list of topics. A new topic is a folder beside this file, and a line here."""

from loaders import icons, images, ink, songs, sounds, wikidata, wikipedia
from loaders.core.topics import Topic

TOPICS: tuple[Topic, ...] = (
    songs.TOPIC,
    wikidata.TOPIC,
    wikipedia.TOPIC,
    images.TOPIC,
    icons.TOPIC,
    ink.TOPIC,
    sounds.TOPIC,
)
