"""Banks for tests of class tables, with a value of each kind."""

from loaders.wikidata.tables import TableOptions, make
from tests.factories.wikidata import entity, time_of, value

UNIT = "http://www.wikidata.org/entity/"


def amount_of(amount, unit="1"):
    return value({"amount": amount, "unit": unit}, datatype="quantity")


def no_value(kind="somevalue", datatype="time"):
    snak = {"snaktype": kind, "datatype": datatype}
    return {"mainsnak": snak, "type": "statement", "rank": "normal"}


def place_of(lat, lng):
    globe = f"{UNIT}Q2"
    content = {
        "latitude": lat,
        "longitude": lng,
        "globe": globe,
        "precision": 0.1,
        "altitude": None,
    }
    return value(content, datatype="globe-coordinate")


def text_of(text, language):
    return value({"text": text, "language": language}, datatype="monolingualtext")


def with_label(line, label, language):
    name = f'"{language}": {{"language": "{language}", "value": "{label}"}}'
    return line.replace('"labels": {', '"labels": {' + name + ", ")


PROPERTIES = [
    entity("P31", "instance of", kind="property"),
    entity("P17", "country", kind="property"),
    entity("P571", "inception", kind="property", datatype="time"),
    entity("P2044", "elevation above sea level", kind="property", datatype="quantity"),
    entity("P625", "coordinate location", kind="property", datatype="globe-coordinate"),
    entity("P18", "image", kind="property", datatype="commonsMedia"),
    entity("P1705", "native label", kind="property", datatype="monolingualtext"),
    entity("P856", "official website", kind="property", datatype="url"),
    entity("P214", "VIAF ID", kind="property", datatype="external-id"),
]
BANKS = [
    *PROPERTIES,
    entity("Q22687", "bank"),
    entity("Q100", "savings bank", P279=[value("Q22687")]),
    with_label(entity("Q183", "Germany"), "Deutschland", "de"),
    entity("Q30", "United States"),
    with_label(
        entity(
            "Q1", "First Bank", "First Bank",
            P31=[value("Q22687")],
            P17=[value("Q30"), value("Q183")],
            P571=[value(time_of("+1952-03-11T00:00:00Z"), datatype="time")],
            P2044=[amount_of("+100", f"{UNIT}Q3710")],
            P625=[place_of(53.5, 10.25)],
            P18=[value("A bank & 100%?.jpg", datatype="commonsMedia")],
            P1705=[text_of("Bank One", "en"), text_of("Erste Bank", "de")],
            P856=[value("https://one.example", datatype="url")],
            P214=[value("123", datatype="external-id")],
        ),
        "Erste Bank", "de",
    ),
    entity(
        "Q2", "Second Bank",
        P31=[value("Q100")],
        P17=[value("Q30"), value("Q183", "preferred"), value("Q30", "deprecated")],
        P571=[value(time_of("+1900-00-00T00:00:00Z", 9), datatype="time")],
        P2044=[amount_of("+7", f"{UNIT}Q999"), amount_of("+5", f"{UNIT}Q828224")],
    ),
    entity("Q3", "Third Bank", P31=[value("Q22687")], P571=[no_value()], P17=[no_value("novalue")]),
]  # fmt: skip


def rows(conn, query):
    return conn.execute(query).fetchall()


def columns(conn, name="banks"):
    query = """
        select attname::text, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = to_regclass('muse_tables.' || %s) and attnum > 4 order by attnum
    """
    return dict(conn.execute(query, (name,)).fetchall())


def make_banks(conn, **options):
    return make(conn, TableOptions("banks", "Q22687", **({"subclasses": True} | options)))
