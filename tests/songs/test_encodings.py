"""Files in encodings of before Unicode."""

import pytest

from loaders.songs.formats import LeftOut, Playlist, read

pytestmark = pytest.mark.unit
SONGS = {
    "cp1251": ("Исполнитель;Название", "Кино;Группа крови", "Алла Пугачёва;Миллион алых роз"),
    "koi8_r": ("Исполнитель;Название", "Кино;Группа крови", "Алла Пугачёва;Миллион алых роз"),
    "cp1253": ("Καλλιτέχνης;Τίτλος", "Μίκης Θεοδωράκης;Άξιον εστί", "Νάνα Μούσχουρη;Σ' αγαπώ"),
    "cp1250": ("Wykonawca;Tytuł", "Czesław Niemen;Dziwny jest ten świat", "Dżem;Wciąż gałąź"),
    "cp932": ("アーティスト;曲名", "宇多田ヒカル;初恋", "坂本九;上を向いて歩こう"),
    "gbk": ("歌手;歌名", "邓丽君;月亮代表我的心", "周杰伦;青花瓷"),
    "mac_roman": ("Künstler;Titel", "Françoise Hardy;Tous les garçons", "Céline Dion;Été à Paris"),
}


def entries(tmp_path, content, name="songs.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return [entry for file in read(str(path)) for entry in file.entries]


@pytest.mark.parametrize("encoding", SONGS)
def test_a_table_and_a_list_in_an_old_encoding(tmp_path, encoding):
    header, *rows = SONGS[encoding]
    songs = [tuple(row.split(";")) for row in rows]
    table = "\n".join([header, *rows]).encode(encoding)
    lines = [f"#EXTINF:1,{by} - {title}\n1.mp3" for by, title in songs]
    for content, name in ((table, "songs.csv"), ("\n".join(lines).encode(encoding), "songs.m3u")):
        note, playlist = entries(tmp_path, content, name)
        assert note == LeftOut(f"file read as {encoding}", 1)
        assert isinstance(playlist, Playlist)
        assert [(track.artist, track.name) for track in playlist.tracks] == songs


def test_an_encoding_that_is_not_clear_is_named_too(tmp_path):
    note, playlist = entries(tmp_path, "title,artist\nHalo,Beyoncé\n".encode("cp1252"))
    assert note == LeftOut("file not in UTF-8, read as cp1252", 1)
    assert playlist.tracks[0].artist == "Beyoncé"


def test_utf_8_needs_no_note(tmp_path):
    assert len(entries(tmp_path, "title,artist\nHalo,Beyoncé\n".encode())) == 1
