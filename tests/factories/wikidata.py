"""Entities and dumps of Wikidata for tests, and what was stored of them."""

import json

FRAMINGS = {
    "dump": lambda lines: "[\n" + ",\n".join(lines) + "\n]\n",
    "lines": lambda lines: "\n".join(lines),
    "indented": lambda lines: json.dumps([json.loads(line) for line in lines], indent=2),
    "one line": lambda lines: "[" + ",".join(lines) + "]",
    "windows": lambda lines: "\ufeff[\r\n  " + ",\r\n  ".join(lines) + "\r\n]\r\n",
}


def value(target, rank="normal", datatype="wikibase-item", **more):
    """A statement; its property is filled in by `entity`."""
    kind = {
        "wikibase-item": "wikibase-entityid", "time": "time", "quantity": "quantity",
        "monolingualtext": "monolingualtext", "globe-coordinate": "globecoordinate",
    }.get(datatype, "string")  # fmt: skip
    content = target
    if datatype == "wikibase-item":
        content = {"entity-type": "item", "numeric-id": int(target[1:]), "id": target}
    datavalue = {"value": content, "type": kind}
    snak = {"snaktype": "value", "datavalue": datavalue, "datatype": datatype}
    return {"mainsnak": snak, "type": "statement", "rank": rank, **more}


def time_of(text, precision=11):
    about = {"timezone": 0, "before": 0, "after": 0, "precision": precision}
    calendar = "http://www.wikidata.org/entity/Q1985727"
    return {"time": text, "calendarmodel": calendar} | about


def entity(id, label=None, enwiki=None, lastrevid=1, kind="item", **claims):
    """A line of a dump."""
    item = {"type": kind, "id": id, "labels": {}, "descriptions": {}, "aliases": {}, "claims": {}}
    item |= {"sitelinks": {}, "lastrevid": lastrevid}
    if label:
        item["labels"]["en"] = {"language": "en", "value": label}
    if enwiki:
        item["sitelinks"]["enwiki"] = {"site": "enwiki", "title": enwiki, "badges": []}
    if kind == "property":
        item["datatype"] = claims.pop("datatype", "wikibase-item")
    for property_id, statements in claims.items():
        for number, statement in enumerate(statements):
            statement["mainsnak"]["property"] = property_id
            statement.setdefault("id", f"{id}${property_id}-{number}")
        item["claims"][property_id] = statements
    return json.dumps(item)


def small():
    """Cats and what is said of them."""
    return [
        entity("Q146", "house cat", "Cat", P279=[value("Q16521")]),
        entity("Q16521", "taxon", "Taxon"),
        entity("Q144", "dog", P279=[value("Q16521")]),
        entity("P31", "instance of", kind="property"),
        entity("P462", "color", kind="property"),
        entity("P569", "date of birth", kind="property", datatype="time"),
        entity("P1082", "population", kind="property", datatype="quantity"),
        entity("Q1", "Felix", "Felix the Cat", P31=[value("Q146")],
               P569=[value(time_of("+1919-11-09T00:00:00Z"), datatype="time")]),
        entity("Q2", "Tom", P31=[value("Q146"), value("Q99")],
               P462=[value("Q12"), value("Q10"), value("Q11"), value("Q11")]),
        entity("Q3", "Rex", P31=[value("Q144", "deprecated"), value("Q146", "normal"),
                                 value("Q144", "preferred")]),
        entity("Q10", "Blue"), entity("Q11", "Red"), entity("Q12", "White"),
    ]  # fmt: skip


def properties(conn, wikidata_id):
    query = "select properties from wikidata where wikidata_id = %s"
    return conn.execute(query, (wikidata_id,)).fetchone()[0]


def errors(conn):
    query = (
        "select place, reason from load_errors where run_id = (select max(run_id) from load_runs)"
    )
    return conn.execute(query + " order by number").fetchall()


def ids(conn):
    return [row[0] for row in conn.execute("select wikidata_id from wikidata order by 1")]


def many(count=25, **options):
    """So many dogs, Q1 first."""
    return [
        entity(f"Q{n}", f"Dog {n}", P31=[value("Q144")], **options) for n in range(1, count + 1)
    ]


def dump_of(lines):
    return FRAMINGS["dump"](lines).encode()


BROKEN = {
    "dump": '{"type": "item", "id": "Q3", oops',
    "a pageid first": '{"pageid": 7, "ns": 0, "title": "Q3", "lastrevid": 9, "id":"Q3", oops',
    "blanks": '{ "id" :\t"Q3" "labels": {}}',
    "no comma": '{"type": "property", "datatype": "string", "id": "Q3" "labels": {}}',
    "a revision of 20 digits": '{"type":"item","id":"Q3","lastrevid":18446744073709551616}',
    "a lone surrogate": '{"type":"item","id":"Q3","labels":{"en":{"language":"en","value":"\\ud800"}}}',
}
