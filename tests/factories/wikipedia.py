"""Pages and dumps of Wikipedia for tests, and what was stored of them."""

from html import escape

HEAD = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="en">
  <siteinfo><sitename>Wikipedia</sitename><dbname>enwiki</dbname></siteinfo>
"""


def head(wiki="dewiki", namespaces=((0, ""), (6, "Datei"), (10, "Vorlage"), (14, "Kategorie"))):
    """The head of a dump of another wiki."""
    names = "".join(f'<namespace key="{key}">{name}</namespace>' for key, name in namespaces)
    return (
        f"<mediawiki><siteinfo><dbname>{wiki}</dbname><namespaces>{names}</namespaces></siteinfo>\n"
    )


def page(title, text="", *, id=1, revision=10, ns=0, redirect=None, time="2024-05-06T07:08:09Z"):
    """A page of a dump; the contributor's id must not be taken for the page's."""
    lead = f'\n    <redirect title="{escape(redirect)}" />' if redirect else ""
    return f"""  <page>
    <title>{escape(title, quote=False)}</title>
    <ns>{ns}</ns>
    <id>{id}</id>{lead}
    <revision>
      <id>{revision}</id>
      <timestamp>{time}</timestamp>
      <contributor><username>Somebody</username><id>77</id></contributor>
      <model>wikitext</model>
      <text bytes="{len(text)}" xml:space="preserve">{escape(text, quote=False)}</text>
    </revision>
  </page>
"""


def dump_of(*pages, head=HEAD):
    return head + "".join(pages) + "</mediawiki>\n"


RAND = """{{Use mdy dates}} <!-- {{Infobox hidden}} [[Category:Hidden]] -->
{{Infobox Writer
| name = Ayn Rand <!-- Alisa -->
| image = File:ayn_Rand.jpg
}}
'''Ayn Rand''' {{cite web|url={{lc:X}}}} <nowiki>{{Not read}} [[Category:Not read]]</nowiki>
[[:Category:Only named]] [[Category:1905 births|Rand]] [[category: Novels_by Ayn Rand ]]
{{DEFAULTSORT:Rand, Ayn}}"""


def small():
    return dump_of(
        page("Ayn Rand", RAND, id=339),
        page("AynRand", "#REDIRECT [[Ayn Rand]]", id=2, redirect="Ayn Rand"),
        page("Alisa R.", "#REDIRECT [[AynRand]]", id=3, redirect="AynRand"),
        page("Talk:Ayn Rand", "{{Talk}}", id=4, ns=1),
        page("Cat & <dog>", "text", id=5),
    )


def errors(conn):
    query = (
        "select place, reason from load_errors where run_id = (select max(run_id) from load_runs)"
    )
    return dict(conn.execute(query + " order by number").fetchall())


def titles(conn, table="wikipedia"):
    return [row[0] for row in conn.execute(f'select title from {table} order by title collate "C"')]
