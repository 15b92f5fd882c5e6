"""Pictures of the classes of Wikidata are queued and fetched."""

from psycopg.types.json import Jsonb

from loaders.images.fetch import enqueue
from tests.factories.pictures import BLUE, GREEN, RED, photo


def test_a_picture_for_every_class(classes):
    counts = enqueue.enqueue_classes(classes, 5)
    assert counts == (2, 0, 1)
    rows = "select wikidata_id, class, article, commons_file, address from image_fetches order by 1"
    assert classes.execute(rows).fetchall() == [
        (
            "Q144", "Hound", "Dog", "Dog (1).jpg",
            "https://commons.wikimedia.org/wiki/Special:FilePath/Dog_%281%29.jpg",
        ),
        (
            "Q146", "Cat", None, "Cat 03.jpg",
            "https://commons.wikimedia.org/wiki/Special:FilePath/Cat_03.jpg",
        ),
    ]  # fmt: skip
    assert enqueue.enqueue_classes(classes, 1) == (1, 2, 1)
    assert enqueue.enqueue_classes(classes, 5) == (0, 2, 1)
    assert classes.execute("select count(*) from image_fetches").fetchone() == (2,)


def test_classes_from_wikidata_to_rows(classes, host, work):
    host.files = {"Cat 03.jpg": photo(RED), "Dog (1).jpg": photo(BLUE)}
    host.sizes["Dog (1).jpg"] = (1000, 2000)
    enqueue.enqueue_classes(classes, 5)
    assert work().fetched == 2
    columns = "title, class, wikidata_id, article, page_url, licence, licence_url, author"
    rows = classes.execute(f"select {columns} from pictures order by title").fetchall()
    rights = (
        "CC BY-SA 3.0", "https://creativecommons.org/licenses/by-sa/3.0", "Some & body",
    )  # fmt: skip
    pages = "https://commons.wikimedia.org/wiki/File:"
    assert rows == [
        ("Cat", "Cat", "Q146", None, f"{pages}Cat_03.jpg", *rights),
        ("Hound", "Hound", "Q144", "Dog", f"{pages}Dog_(1).jpg", *rights),
    ]
    thumbnails = sorted(path.rpartition("/")[2] for path in host.requests if "thumb" in path)
    assert thumbnails == ["330px-Dog (1).jpg", "500px-Cat 03.jpg"]  # no wider than is wanted
    assert host.titles == [2]
    assert all("somebody@example.org" in agent for agent in host.agents)
    assert classes.execute(
        "select location, loaded, bad from loads where loaded > 0 order by run_id desc limit 1"
    ).fetchone() == ("classes of Wikidata", 2, 0)


def test_a_class_whose_image_changed_has_the_new_one_alone(classes, host, work):
    host.files = {"Cat 03.jpg": photo(RED), "Dog (1).jpg": photo(BLUE), "New.jpg": photo(GREEN)}
    enqueue.enqueue_classes(classes, 5)
    work()
    claims = Jsonb({"P18": [{"value": "new.jpg", "type": "commonsMedia", "rank": "normal"}]})
    classes.execute("update muse.wikidata set claims = %s where wikidata_id = 'Q146'", (claims,))
    assert enqueue.enqueue_classes(classes, 5).new == 1
    work()
    rows = "select class, location from pictures order by class"
    assert [class_name for class_name, _ in classes.execute(rows)] == ["Cat", "Hound"]
    assert classes.execute("select count(*) from images").fetchone() == (2,)


def test_the_article_of_another_wiki_gives_its_picture(classes):
    """The English article is preferred, but not where only the other one has a picture."""
    insert = (
        "insert into wikipedia (wiki, title, page_id, revision_id, wikitext, image) "
        "values ('dewiki', %s, %s, 1, '', %s)"
    )
    for number, title in ((1, "Fisch"), (2, "Hund")):
        classes.execute(insert, (title, number, f"{title}.jpg"))
    for wikidata_id, title in (("Q152", "Fisch"), ("Q144", "Hund")):
        classes.execute(
            "update wikidata set sitelinks = %s where wikidata_id = %s",
            (Jsonb({"dewiki": title}), wikidata_id),
        )
    assert enqueue.enqueue_classes(classes, 5).without_picture == 0
    rows = "select wikidata_id, wiki, article, commons_file from image_fetches order by 1"
    assert classes.execute(rows).fetchall() == [
        ("Q144", "enwiki", "Dog", "Dog (1).jpg"), ("Q146", None, None, "Cat 03.jpg"),
        ("Q152", "dewiki", "Fisch", "Fisch.jpg"),
    ]  # fmt: skip


def test_an_address_that_is_wanted_twice_is_fetched_once(classes, host, work):
    for title in ("Dog", "Fish"):
        classes.execute("update muse.wikipedia set image = 'a.jpg' where title = %s", (title,))
    host.files = {"A.jpg": photo(), "Cat 03.jpg": photo(RED, (500, 400))}
    enqueue.enqueue_classes(classes, 5)
    assert work().fetched == 2
    assert sum("A.jpg" in path for path in host.requests) == 1
    assert classes.execute("select count(*) from images").fetchone() == (2,)
    rows = "select class from image_sources order by class"
    assert [row[0] for row in classes.execute(rows)] == ["Cat", "Fish", "Hound"]
