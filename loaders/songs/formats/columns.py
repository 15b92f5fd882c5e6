"""Names of the columns of tables, in the languages of the programs that write them.

docs/songs.md lists them too. Case, accents, blanks and punctuation do not matter.
"""

import re

from loaders.songs.formats.model import normal

# The first name that a header has is used.
WORDS = {
    "playlist": """
        playlist_id, pid, playlist_uri, playlist, playlist_name, playlist_title, list
        Wiedergabeliste, Liste de lecture, Nom de la playlist, Lista de reproducción
        Nombre de la lista, Lista de reprodução, Nome da playlist, Nome della playlist
        Afspeellijst, Lista odtwarzania, Playlista, Плейлист, Список воспроизведения
        プレイリスト, プレイリスト名, 播放列表, 歌单, 播放清單, 歌單, 재생목록, 플레이리스트
        Spellista, Spilleliste, Soittolista, Çalma listesi, Seznam skladeb, Lejátszási lista
        """,
    "title": "playlist_name, playlist_title, playlist",
    "track": """
        track_id, track_uri, spotify_id, spotify_track_id, spotify_uri, spotify_url, track_url
        song_id, song_url, recording_mbid, recording, uri, url, link, track
        URI de la canción, URI du titre, URI della traccia, URI da faixa, Nummer URI
        Låtens URI, Parça URI, トラックURI, URI κομματιού, رابط الأغنية (URI)
        """,
    "video": "video_id, youtube_video_id, youtube_id",
    "position": """
        position, pos, place, index, order, #, Reihenfolge, Posición, Posição, Posizione, Positie
        Pozycja, Позиция, 順番, 顺序
        """,
    "name": """
        track_name, track_title, song_name, song_title, name, title, track, song
        Titel, Songtitel, Liedtitel, Lied, Titre, Nom du titre, Nom, Chanson, Morceau
        Título, Nombre de la canción, Nombre, Canción, Tema, Pista, Nome da faixa
        Nome da música, Nome, Música, Canção, Faixa, Titolo, Nome della traccia, Brano, Canzone
        Traccia, Nummernaam, Naam, Liedje, Nummer, Tytuł, Tytuł utworu, Nazwa utworu, Nazwa, Utwór
        Piosenka, Название трека, Название, Песня, Трек, Композиция, Назва, Пісня
        曲名, トラック名, タイトル, 楽曲名, 名前, 曲
        歌曲名称, 歌曲名, 歌名, 歌曲, 曲目, 标题, 名称, 標題, 名稱
        노래 제목, 곡명, 제목, 노래, 이름, Låtens namn, Låttitel, Låt, Namn, Sang, Navn, Tittel
        Kappale, Nimi, Parça Adı, Şarkı adı, Parça, Şarkı, Başlık, Název, Skladba, Píseň, Cím, Dal
        Titlu, Melodie, Piesă, Judul, Lagu, Tên bài hát, Bài hát, Όνομα κομματιού, Τίτλος, Τραγούδι
        اسم الأغنية, العنوان, الأغنية, שם השיר, שיר
        """,
    "artist": """
        artist, artist_name, creator, artist_names, artists, track_artist, artist_name_1
        artist_names_1, performer, singer, band
        Künstler, Künstlername(n), Künstlername, Interpret, Interpreten, Artiste, Nom de l'artiste
        Nom(s) de l'artiste, Artistes, Interprète, Artista, Nombre(s) del artista
        Nombre del artista, Artistas, Intérprete, Nome(s) do artista, Nome do artista
        Nome dell'artista, Artisti, Artiest, Naam van artiest, Artiesten, Uitvoerder, Wykonawca
        Artysta, Zespół, Исполнитель, Имя исполнителя, Исполнители, Артист, Виконавець
        アーティスト, アーティスト名, 歌手, 演奏者, 艺术家, 艺人, 演唱者, 表演者
        藝人, 演出者, 藝術家, 아티스트, 가수, Artistens namn, Kunstner
        Esittäjä, Artisti, Sanatçı
        Sanatçı Adı, Umělec, Előadó, Artis, Penyanyi, Nghệ sĩ, Ca sĩ
        Καλλιτέχνης, Όνομα/τα καλλιτέχνη
        الفنان, أسماء الفنانين, אמן
        """,
    "artist_id": "artist_id, artist_uri, artist_uris, artist_ids, Künstler-URI(s), アーティストURI",
    "album": """
        album, album_name, album_title, Album-Name, Nom de l'album, Álbum, Nombre del álbum
        Nome do álbum, Nome dell'album, Naam van album, Альбом, アルバム, アルバム名, 专辑
        專輯, 앨범, Albumets namn, Albumi, Albüm, Albüm Adı
        Άλμπουμ, Όνομα άλμπουμ, الألبوم, اسم الألبوم
        """,
    "duration_ms": """
        duration_ms, track_duration_ms, Track-Dauer (ms), Durée du titre (ms)
        Duración de la canción (ms), Durata della traccia (ms), Duração da faixa (ms)
        Nummerduur (ms), Låtlängd (ms), Parça Süresi (ms), トラックの長さ（ミリ秒）
        """,
    "length": """
        duration, length, time, track_duration, duration_seconds, Dauer, Länge, Zeit, Durée
        Duración, Duração, Durata, Duur, Tijd, Czas trwania, Czas, Длительность, Время
        再生時間, 時間, 时长, 時長, 时间, 시간, Längd, Varighet, Varighed, Kesto, Süre, Délka, Hossz
        """,
}
# Each of them names a track by itself; a track_id without a title may be of a catalogue.
IDS = {"trackuri", "spotifyid", "spotifytrackid", "spotifyuri", "trackurl"}


def key_of_header(cell: str) -> str:
    """The name of a column as it is compared; `Track #` is a number, and no track."""
    key = normal(cell, symbols=False).replace(" ", "").replace("_", "")
    return key + "#" if "#" in cell and key != "#" and "playlist" not in key else key


NAMES = {
    column: list(dict.fromkeys(map(key_of_header, re.split(r"[,\n]", words.strip()))))
    for column, words in WORDS.items()
}
# The localized ones are Exportify's.
IDS |= set(NAMES["track"][NAMES["track"].index(key_of_header("URI de la canción")) :])


def columns_of(cells: list[str], *, needs_playlist: bool = True) -> dict[str, int] | None:
    """The number of each column; None where the cells are no header of a table of tracks.

    needs_playlist: without a column for the playlist they are none.
    """
    in_file: dict[str, int] = {}
    for number, cell in enumerate(cells):
        in_file.setdefault(key_of_header(cell), number)
    header: dict[str, int] = {}
    for column, names in NAMES.items():
        for name in names:
            if name in in_file:
                header[column] = in_file[name]
                break
    if "playlist" in header:
        return header if {"track", "name", "video"} & header.keys() else None
    is_named = {"name", "artist"} <= header.keys() or "video" in header or IDS & in_file.keys()
    return header if is_named and not needs_playlist else None
