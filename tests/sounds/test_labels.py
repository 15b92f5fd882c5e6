"""Labels of songs: files of them, classifiers that must beat the prior, and classify_song."""

import numpy as np
import psycopg
import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from loaders.core.models import drop_retired
from loaders.sounds.labels import QUERIES
from loaders.sounds.labels.fit import calibration_error, learn
from loaders.sounds.labels.load import load, parse
from loaders.sounds.labels.train import describe, train
from loaders.sounds.refresh import outdated
from tests.factories.rows import add_model, add_track, publish_songs
from tests.factories.sounds import add_sound, publish_sounds

ARTISTS = ("Ann", "Bob", "Cid", "Dee")
ROWS = "select label, evidence from classify_song(%s, %s, 1)"
STORED = "select track_id, label from song_labels where kind = %s order by 1"


def near(artist: int, number: int, noise: float = 0.6) -> np.ndarray:
    """A vector near the axis of an artist."""
    return 2 * np.eye(8)[artist] + noise * np.random.default_rng([artist, number]).normal(size=8)


def add_songs(conn: psycopg.Connection, songs: int = 40) -> dict[str, int]:
    """Songs of four artists, by id."""
    names = {f"{one.lower()} {n}": at for at, one in enumerate(ARTISTS) for n in range(songs)}
    for track_id, artist in names.items():
        add_track(conn, track_id, artist=ARTISTS[artist])
    return names


def publish_by(conn: psycopg.Connection, names: dict[str, int]) -> int:
    vectors = {name: near(artist, n) for n, (name, artist) in enumerate(names.items())}
    return publish_songs(conn, {name: (one, one) for name, one in vectors.items()})


@pytest.fixture
def library(fresh):
    """Songs whose vectors tell their artists."""
    publish_by(fresh, add_songs(fresh))
    return fresh


@pytest.fixture
def notices(fresh):
    lines: list[str] = []
    fresh.add_notice_handler(lambda notice: lines.append(notice.message_primary))
    return lines


# Files ----------------------------------------------------------------------------------------


def test_a_table_names_tracks_as_playlists_do(library, write_csv, capsys):
    file = write_csv(
        "Artist,Title,Genre,Label\n"
        "ANN,Ann 1,folk,EMI\nBob,Bob 2 (2009 Remaster),rock,EMI\nNo One,Nothing,rock,EMI\n"
        "Ann,Ann 3,,EMI\n"
    )
    assert load(library, file, "genre").is_good
    # The longest way: no track has the remaster's id, but it is a version of a stored song.
    assert library.execute(STORED, ("genre",)).fetchall() == [("ann 1", "folk"), ("bob 2", "rock")]
    printed = capsys.readouterr().err
    assert "2 labels, 1 of tracks that are not loaded (see load_errors), 1 left out" in printed
    errors = library.execute("select place, reason from load_errors order by number").fetchall()
    assert ("line 4", "its track is not loaded") in errors
    assert ("line 5", "no label") in errors


def test_a_table_of_ids_and_a_column_label(library, write_csv, capsys):
    file = write_csv("track_id;label\nann 1;x\nbob 2;y\nann 1;z\n")
    load(library, file, "mood")
    assert "2 labels, 1 of a song that a later line labels" in capsys.readouterr().err
    assert library.execute(STORED, ("mood",)).fetchall() == [("ann 1", "z"), ("bob 2", "y")]


def test_years_are_decades(library):
    rows = parse(b"track_id,decade\na,1994\nb,1987-03-01\nc,Sixties\n", "decade")
    assert [row.label for row in rows] == ["1990s", "1980s", "Sixties"]


def test_a_file_replaces_its_labels(library, write_csv):
    file = write_csv("track_id,label\nann 1,x\nann 2,x\n")
    assert load(library, file, "mood").written == 2
    assert load(library, file, "mood").is_unchanged
    result = load(library, write_csv("track_id,label\nann 2,x\nann 3,x\n"), "mood")
    assert (result.written, result.unchanged) == (1, 1)
    assert library.execute(STORED, ("mood",)).fetchall() == [("ann 2", "x"), ("ann 3", "x")]
    assert forget_source(library, str(file)) == {"labels": 2}
    assert library.execute(STORED, ("mood",)).fetchall() == []


def test_a_file_of_several_kinds_keeps_and_refreshes_all(library, write_csv):
    file = write_csv("track_id,genre,decade\nann 1,folk,1994\n")
    load(library, file, "genre")
    load(library, file, "decade")
    labels = "select kind, label from song_labels order by 1"
    assert library.execute(labels).fetchall() == [("decade", "1990s"), ("genre", "folk")]
    assert load(library, file, "genre").is_unchanged
    write_csv("track_id,genre,decade\nann 1,folk,2003\nann 2,rock,2004\n")
    assert refresh(library, "sounds")
    assert library.execute("select kind, track_id, label from song_labels order by 1, 2").fetchall() == [
        ("decade", "ann 1", "2000s"), ("decade", "ann 2", "2000s"),
        ("genre", "ann 1", "folk"), ("genre", "ann 2", "rock"),
    ]  # fmt: skip
    write_csv("track_id,decade\nann 1,2003\n")
    with pytest.raises(Problem, match="a column label or genre"):
        load(library, file, "decade")
    assert library.execute("select count(*) from song_labels").fetchone() == (4,)
    assert forget_source(library, str(file)) == {"labels": 4}


def test_of_two_files_the_later_one_counts_and_the_other_is_kept(library, tmp_path):
    for name, label in (("old", "folk"), ("new", "rock")):
        (tmp_path / name).write_text(f"track_id,label\nann 1,{label}\n")
        load(library, tmp_path / name, "genre")
    counted = "select label from pg_temp.labelled"

    def label() -> list[tuple[str]]:
        with library.transaction():
            library.execute(QUERIES.create_labelled)
            library.execute(QUERIES.label_by_files, {"kind": "genre"})
            return library.execute(counted).fetchall()

    assert label() == [("rock",)]
    load(library, tmp_path / "old", "genre", again=True)
    assert label() == [("rock",)]
    forget_source(library, str(tmp_path / "new"))
    assert label() == [("folk",)]


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("artist,title\nAnn,Ann 1\n", "genre", "no header with a column label or genre"),
        ("artist,title,genre\nAnn,Ann 1,\n", "genre", "nothing in it can be used.*see load_errors"),
        ("artist,title,label\nNo,One,x\n", "genre", "tracks that are not loaded"),
        ("artist,title,label\nAnn,Ann 1,x\n", "artist", "is of the artists of tracks"),
        ("artist,title,label\nAnn,Ann 1,x\n", "Genre!", "use at most 31 small letters"),
    ],
)
def test_what_cannot_be_used_changes_nothing(library, write_csv, text, kind, message):
    with pytest.raises(Problem, match=message):
        load(library, write_csv(text), kind)
    assert library.execute("select count(*) from song_labels").fetchone() == (0,)


@pytest.fixture
def write_csv(tmp_path):
    """A function that writes a table, always under one name."""

    def write(text: str):
        (tmp_path / "labels.csv").write_text(text)
        return tmp_path / "labels.csv"

    return write


# Training -------------------------------------------------------------------------------------


@pytest.mark.long
def test_artists_are_told_from_playlists(library):
    model = train(library, "artist")
    measured = model.measures["playlists"]
    assert measured.accuracy > 0.8
    assert measured.log_loss < measured.log_loss_of_prior
    kinds = "select kind, evidence, labels, songs, held_out from label_kinds"
    assert library.execute(kinds).fetchall() == [("artist", "playlists", 4, 160, 32)]
    assert library.execute(ROWS, ("cid 3", "artist")).fetchall() == [("Cid", "playlists")]
    rows = library.execute("select * from classify_song('cid 3', 'artist')").fetchall()
    assert sum(probability for _, probability, _ in rows) == pytest.approx(1, abs=1e-5)
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)


@pytest.mark.long
def test_sql_computes_the_probabilities_of_the_fit(library):
    """The same numbers as the classifier in Python, on one song."""
    model = train(library, "artist")
    settings, weights = library.execute(
        "select config, (select array_agg(label order by label) from label_weights) "
        "from models where model_id = %s",
        (model.model_id,),
    ).fetchone()
    rows = library.execute("select label, bias, song_weights from label_weights").fetchall()
    (one, other) = library.execute(
        "select input_vector, context_vector from song_vectors where track_id = 'bob 7'"
    ).fetchone()
    vector = np.concatenate([one.to_numpy(), other.to_numpy()])
    logits = np.array([bias + vector @ row.to_numpy() for _, bias, row in rows])
    shares = np.exp(logits / settings["temperatures"]["playlists"])
    expected = dict(zip([label for label, *_ in rows], shares / shares.sum(), strict=True))
    answer = dict(
        library.execute("select label, probability from classify_song('bob 7', 'artist')")
    )
    assert answer == pytest.approx(expected, abs=1e-5)
    assert sorted(answer) == weights


@pytest.mark.long
def test_labels_that_playlists_do_not_tell_are_refused(library, write_csv):
    random = np.random.default_rng(0)
    tracks = [row[0] for row in library.execute("select track_id from tracks order by 1")]
    rows = "".join(f"{track},{random.choice(['x', 'y'])}\n" for track in tracks)
    load(library, write_csv("track_id,label\n" + rows), "mood")
    with pytest.raises(Problem, match=r"not deployed: playlists cannot tell mood: on 32 songs"):
        train(library, "mood")
    with pytest.raises(psycopg.errors.UndefinedObject, match="no model of labels of kind 'mood'"):
        library.execute(ROWS, ("ann 1", "mood"))


@pytest.mark.long
def test_one_label_of_nearly_all_songs_is_refused(library, write_csv):
    """Its prior is beaten by more confidence in that label, without a word about the others."""
    names = [row[0] for row in library.execute("select track_id from tracks order by 1")]
    rows = "".join(f"{name},{'rare' if name < 'ann 15' else 'common'}\n" for name in names)
    load(library, write_csv("track_id,label\n" + rows), "mood")
    with pytest.raises(Problem, match=r"of 32 songs that were held out 3\d have one label"):
        train(library, "mood")
    assert library.execute("select from label_kinds").rowcount == 0


@pytest.mark.long
def test_rare_labels_are_left_out_and_counted(library):
    for number in range(3):
        add_track(library, f"eve {number}", artist="Eve")
    names = dict(library.execute("select track_id, strpos('abcde', left(track_id, 1)) from tracks"))
    publish_by(library, {name: at - 1 for name, at in names.items()})
    model = train(library, "artist")
    assert (
        "playlists: 1 label of 3 songs left out, with fewer than 5 songs each" in describe(model)[0]
    )
    assert model.measures["playlists"].labels == 4


def test_too_few_songs_and_no_labels_are_said(fresh, library):
    with pytest.raises(Problem, match="no labels of kind genre: run ./pgmuse load labels FILE"):
        train(library, "genre")
    with pytest.raises(Problem, match="there are no folders of sound files"):
        train(library, "folder")
    with pytest.raises(Problem, match="0 songs of 0 labels have a vector and 50 songs or more"):
        train(library, "artist", 50)


def test_without_vectors_the_error_says_what_to_run(fresh):
    with pytest.raises(Problem, match="no vectors of songs yet: run ./pgmuse train songs"):
        train(fresh, "artist")


@pytest.mark.long
def test_sound_tells_songs_that_no_playlist_has(library, notices):
    names = {f"heard {at} {n}": at for at in range(4) for n in range(40)}
    for name, artist in names.items():
        add_track(library, name, artist=ARTISTS[artist])
    heard = {name: near(artist, 500 + n) for n, (name, artist) in enumerate(names.items())}
    publish_sounds(library, heard)
    add_track(library, "unheard", artist="Ann")
    model = train(library, "artist")
    assert set(model.measures) == {"playlists", "sound"}
    assert library.execute(ROWS, ("heard 2 5", "artist")).fetchall() == [("Cid", "sound")]
    assert library.execute(ROWS, ("ann 5", "artist")).fetchall() == [("Ann", "playlists")]
    assert library.execute(ROWS, ("unheard", "artist")).fetchall() == []
    assert notices[-1].startswith("track unheard cannot be classified: it has neither playlists")
    assert library.execute(ROWS, ("nobody", "artist")).fetchall() == []
    assert notices[-1] == "track nobody cannot be classified: it is unknown"


@pytest.mark.long
def test_both_decide_where_each_has_a_part(fresh):
    """Playlists tell Ann and Bob from Cid and Dee; sound tells Ann and Cid from the others."""
    names = add_songs(fresh)
    numbered = list(enumerate(names.items()))
    lists = {name: near(artist // 2, n) for n, (name, artist) in numbered}
    publish_songs(fresh, {name: (one, one) for name, one in lists.items()})
    publish_sounds(fresh, {name: near(artist % 2, 300 + n) for n, (name, artist) in numbered})
    model = train(fresh, "artist")
    assert model.measures["both"].accuracy > model.measures["playlists"].accuracy + 0.2
    assert fresh.execute(ROWS, ("dee 5", "artist")).fetchall() == [("Dee", "playlists and sound")]


@pytest.mark.long
def test_folders_of_sound_files_are_labels(fresh):
    names = add_songs(fresh, 30)
    publish_sounds(fresh, {name: near(at, n) for n, (name, at) in enumerate(names.items())})
    tagger = add_model(fresh, "tagger")
    for name in names:
        sound = add_sound(fresh, tagger, name, [1])
        location = f"Of {name[:3]}/CD1/{sound}.ogg"
        query = "update muse.sound_sources set location = %s where sound_id = %s"
        fresh.execute(query, (location, sound))
    train(fresh, "folder")
    assert fresh.execute(ROWS, ("bob 5", "folder")).fetchall() == [("Of bob/CD1", "sound")]


@pytest.mark.long
def test_new_vectors_train_the_labels_again(library, capsys):
    first = train(library, "artist").model_id
    assert outdated(library) is None
    names = add_songs_again(library)
    publish_by(library, names)
    assert outdated(library) == "new vectors or labels: learning artist again"
    for _ in range(3):  # the vectors that the labels were learned from are kept
        publish_by(library, names)
        drop_retired(library)
    assert library.execute(ROWS, ("cid 3", "artist")).fetchall() == [("Cid", "playlists")]
    assert refresh(library, "sounds")
    assert outdated(library) is None
    (second,) = library.execute("select label_model('artist')").fetchone()
    assert second > first


def add_songs_again(conn) -> dict[str, int]:
    query = "select track_id, strpos('abcd', left(track_id, 1)) - 1 from tracks"
    return dict(conn.execute(query).fetchall())


# The fit --------------------------------------------------------------------------------------


def test_the_calibration_error_is_the_gap_between_probability_and_accuracy():
    probabilities = np.array([0.9] * 10 + [0.5] * 10)
    hits = np.array([1] * 7 + [0] * 3 + [1] * 5 + [0] * 5)
    assert calibration_error(probabilities, hits) == pytest.approx(0.1)


def test_probabilities_are_calibrated_on_overlapping_labels():
    random = np.random.default_rng(0)
    labels = random.integers(3, size=12000)
    features = np.eye(6)[labels] + random.normal(size=(12000, 6))
    learned = learn(features, labels, np.arange(12000))
    assert learned.measures.ece < 0.03
    assert learned.measures.beats_prior
    again = learn(features, labels, np.arange(12000))
    assert (again.classifier.weights == learned.classifier.weights).all()
    noise = learn(random.normal(size=(12000, 6)), labels, np.arange(12000))
    assert not noise.measures.beats_prior
