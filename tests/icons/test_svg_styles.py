"""What CSS does to an SVG is drawn, or an error names it."""

import pytest

from loaders.icons.formats.shapes import BadIcon
from tests.factories.icons import SVG, drawn

pytestmark = pytest.mark.unit

FRAME = '<path d="M0 0h24v2H0zM0 22h24v2H0z"/>'  # so that all drawings have one scale
BOX = '<rect class="a" x="4" y="4" width="6" height="6" {}/>'
LINE = '<path d="M4 12h16" stroke="#000" stroke-width="2" {}/>'
IMAGE = '<image href="data:image/png;base64,iVBORw0KGgo=" width="9" height="9"/>'


def bitmap(inner, css=""):
    return drawn(SVG.format(f"<style>{css}</style>" * bool(css) + FRAME + inner).encode())


def box(attributes="", css=""):
    return bitmap(BOX.format(attributes), css)


MOVED = 'transform="translate(8 3)"'


@pytest.mark.parametrize(
    ("attributes", "css", "equal"),
    [
        ('style="transform: translate(8px, 3px)"', "", MOVED),
        ('style="transform: translateX(8px) translateY(3px) !important"', "", MOVED),
        ("", ".a { transform: translate(8px, 3px) }", MOVED),
        ('style="transform: rotate(.125turn)"', "", 'transform="rotate(45)"'),
        ('transform="translate(8-3)"', "", 'transform="translate(8 -3)"'),
        ('style="transform: none"', "", ""),
        ("", "@media screen { .a { display: none } }", 'display="none"'),
        ("", "@media print { .a { display: none } }", ""),
        ("", "@media (prefers-color-scheme: dark) { .a { display: none } }", ""),
        ("", ".a:hover, .a::before { display: none }", ""),
        ("", "rect:hover, .a { display: none }", 'display="none"'),
        ("", "@keyframes k { from { opacity: 0 } } .a { opacity: 1 }", ""),
        ("", "svg { width: 1em } .a { fill: red }", ""),
        ('clip-path="none"', "", ""),
    ],
)
def test_css_is_drawn(attributes, css, equal):
    assert (box(attributes, css) == box(equal)).all()


def test_sizes_in_a_style_are_those_of_attributes():
    styled = bitmap('<rect style="x: 3px; y: 4px; width: 9px; height: 5px"/>')
    assert (styled == bitmap('<rect x="3" y="4" width="9" height="5"/>')).all()
    path = bitmap("""<path style="d: path('M3 4h9v5H3z')"/>""")
    assert (path == styled).all()
    assert styled.sum() > bitmap("").sum()


@pytest.mark.parametrize(
    ("inner", "css", "name"),
    [
        (BOX, ".a { transform: rotate3d(1, 1, 1, 45deg) }", "transform rotate3d"),
        (BOX.format('style="transform: translate(50%)"'), "", "transform 'translate(50%)'"),
        (BOX.format('style="rotate: 45deg"'), "", "property rotate"),
        (BOX.format('style="transform-box: fill-box; transform: scale(2)"'), "", "transform-box"),
        (BOX.format('style="clip-path: circle(2px)"'), "", "clip-path with circle"),
        (BOX.format('clip-path="polygon(0 0, 9px 0, 0 9px)"'), "", "clip-path with polygon"),
        (BOX, ".a { clip-path: inset(1px) }", "clip-path with inset"),
        (BOX, "rect:not(.b) { display: none }", "selector :not"),
        (BOX, "rect:nth-child(2) { display: none }", "selector :nth-child"),
        (BOX, ":is(rect) { display: none }", "selector :is"),
        (BOX, "path ~ rect { display: none }", "selector 'path ~ rect'"),
        (BOX, 'rect[class^="a"] { display: none }', "selector 'rect[class^="),
        (BOX, "@media (min-width: 9px) { rect { display: none } }", "@media"),
        (BOX, "@supports (fill: red) { rect { display: none } }", "@supports"),
        (BOX, "@layer a { rect { display: none } }", "@layer"),
        (BOX, "svg { rect { display: none } }", "rules of CSS within one another"),
        (BOX, "rect { width: 3px }", "property width"),
        (BOX, "rect { d: path('M0 0') }", "property d"),
        (BOX.format('style="stroke-width: calc(2px * 2)"'), "", "calc()"),
        (LINE.format('vector-effect="non-scaling-stroke" transform="scale(2)"'), "", "vector-effect"),
        (IMAGE, "", "a picture inside of it"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_named(inner, css, name):
    with pytest.raises(BadIcon) as error:
        bitmap(inner.format(""), css)
    assert name in str(error.value)
    assert "not supported" in str(error.value)


def test_a_stroke_that_does_not_scale_is_drawn_where_nothing_scales():
    assert (
        bitmap(LINE.format('vector-effect="non-scaling-stroke"')) == bitmap(LINE.format(""))
    ).all()
