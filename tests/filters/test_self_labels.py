import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.filters.self_labels import SelfLabel, self_labels

RTA = "RTA-5042-1996-1400-1577-RTA"


def labels(head: str, headers: dict[str, str] | None = None, body: str = "") -> set[SelfLabel]:
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return self_labels(page.encode(), headers or {})


@pytest.mark.parametrize("content", ["adult", "Adult", "ADULT ", "mature", "restricted", "xxx"])
@pytest.mark.parametrize(
    "meta",
    [
        '<meta name="rating" content="{}">',
        "<meta name='rating' content='{}'/>",
        "<META NAME=rating CONTENT='{}'>",
        '<meta content="{}" name="rating">',
        '<meta content="{}"\n\t name = "Rating" />',
        '<meta name="rating" value="{}">',
        '<meta http-equiv="rating" content="{}">',
        '<meta property="rating" lang="en>" content="{}">',
        '<meta name="voluntary content rating" content="{}">',
        '<meta name="content-rating" content="{}">',
        '<meta data-x="y" name="rating" id="a" content="{}" data-z>',
    ],
)
def test_a_rating_is_read_in_every_spelling(meta: str, content: str) -> None:
    assert labels(meta.format(content)) == {SelfLabel.RATING}


def test_entities_in_a_label_are_decoded() -> None:
    assert labels('<meta name="r&#97;ting" content="&#97;dult rating">') == {SelfLabel.RATING}


@pytest.mark.parametrize(
    "meta",
    [
        f'<meta name="rating" content="{RTA}">',
        f'<meta name="RATING" content="{RTA.lower()}">',
        f"<meta content={RTA} name=rating>",
        f'<meta name="other" content=" {RTA} ">',
    ],
)
def test_the_rta_label_is_read(meta: str) -> None:
    assert labels(meta) == {SelfLabel.RTA}


@pytest.mark.parametrize(
    "head",
    [
        "",
        '<meta name="rating" content="general">',
        '<meta name="rating" content="safe for kids">',
        '<meta name="rating" content="14 years">',
        '<meta name="rating" content="not adult">',
        '<meta name="rating" content="">',
        '<meta name="rating">',
        '<meta name="description" content="An adult rating for mature audiences">',
        '<meta name="ratings" content="adult">',
        '<!-- <meta name="rating" content="adult"> -->',
        '<script>var a = \'<meta name="rating" content="adult">\';</script>',
        '<noscript><meta name="rating" content="adult"></noscript>',
        "<title>RTA-5042-1996-1400-1577-RTA</title>",
        '<link rel="rating" content="adult">',
    ],
)
def test_what_is_no_explicit_label_is_not_taken_for_one(head: str) -> None:
    assert labels(head) == set()


def test_a_label_in_the_body_does_not_count() -> None:
    assert labels("", body='<meta name="rating" content="adult">') == set()
    assert self_labels(b'<meta name="rating" content="adult"><p>no head tag', {}) == {
        SelfLabel.RATING
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"rating": RTA}, {SelfLabel.RTA}),
        ({"rating": "Adult"}, {SelfLabel.RATING}),
        ({"rating": "general"}, set()),
        (
            {"pics-label": '(PICS-1.1 "http://www.rsac.org/" l r (n 4 s 4 v 0 l 4))'},
            {SelfLabel.PICS},
        ),
        ({"x-rating": RTA}, set()),
    ],
)
def test_labels_in_http_headers(headers: dict[str, str], expected: set[SelfLabel]) -> None:
    assert labels("", headers) == expected


@pytest.mark.parametrize(
    ("rating", "is_explicit"),
    [
        ("r (n 3 s 0 v 0 l 0)", True),
        ("r (n 2 s 2 v 3 l 4)", False),
        ("r (n 0 s 3 v 0 l 0)", True),
        ("r (n 0 s 0 v 4 l 0)", True),
        ("ratings (n 0 s 0 v 0 l 4)", False),
        ("r (nz 1 vz 1 lz 1 oz 1 cz 1)", False),
        ("r (nf 1 vz 1)", True),
        ("r (na 0 nb 0)", False),
        ("r (nb 1 nt 1)", False),
        ("r (nz 1) gen true r (n 0 s 4 v 0 l 0)", True),
        ("r (n x s)", False),
        ("r (", False),
    ],
)
def test_pics_ratings(rating: str, is_explicit: bool) -> None:
    label = f'(pics-1.1 "http://www.icra.org/ratingsv02.html" comment "x" l gen true {rating})'
    expected = {SelfLabel.PICS} if is_explicit else set()
    assert labels(f"<meta http-equiv='PICS-Label' content='{label}'>") == expected


@pytest.mark.parametrize(
    "element",
    [
        '<meta itemprop="isFamilyFriendly" content="false">',
        "<META CONTENT='False' ITEMPROP=isFamilyFriendly>",
        '<link itemprop="isFamilyFriendly" href="https://schema.org/False"/>',
        '<script type="application/ld+json">{"@type":"A","isFamilyFriendly": false}</script>',
        '<script type="application/ld+json">{"isFamilyFriendly" : "False"}</script>',
        '<script type=application/ld+json>{"isFamilyFriendly":"http://schema.org/False"}</script>',
    ],
)
def test_not_family_friendly_is_read_anywhere(element: str) -> None:
    assert labels(element) == {SelfLabel.FAMILY}
    assert labels("", body=f"<div>{element}</div>") == {SelfLabel.FAMILY}


@pytest.mark.parametrize(
    "element",
    [
        '<meta itemprop="isFamilyFriendly" content="true">',
        '<script type="application/ld+json">{"isFamilyFriendly": true}</script>',
        '<script>var settings = {"isFamilyFriendly": false};</script>',
        '<!-- <meta itemprop="isFamilyFriendly" content="false"> -->',
        "<p>isFamilyFriendly: false</p>",
        '<meta itemprop="isFamilyFriendlyToo" content="false">',
    ],
)
def test_family_friendly_is_not_mistaken(element: str) -> None:
    assert labels("", body=element) == set()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Adults only, no one under 18", True),
        ("18+", True),
        ("adult - not for children", True),
        ("X-rated", True),
        ("no minors", True),
        ("young adult", False),
        ("4.5 x 5", False),
        ("children, adults, everyone", False),
        ("no adult content", False),
        ("non-adult", False),
        ("adult: no", False),
    ],
)
def test_words_of_a_rating(content: str, expected: bool) -> None:
    assert bool(labels(f'<meta name="rating" content="{content}">')) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<meta name="age-de-meta-label" content="age=18 hash: x v=1.0 kind=sl">', SelfLabel.AGE),
        ('<meta name="age-de-meta-label" content="age=16 hash: x">', None),
        ('<meta property="og:restrictions:age" content="18+">', SelfLabel.AGE),
        ('<meta property="og:restrictions:age" content="13+">', None),
        (
            '<meta property="og:restrictions:age" content="21+">'
            '<meta property="og:restrictions:content" content="alcohol">',
            None,
        ),
        ("<meta http-equiv=PICS-Label content='(pics-1.1 r (SS~~000 8))'>", SelfLabel.PICS),
        ("<meta http-equiv=PICS-Label content='(pics-1.1 r (SS~~000 1 SS~~003 2))'>", None),
        (f'<!-- </head> --><meta name="rating" content="{RTA}">', SelfLabel.RTA),
        (f'<meta name="description" content="We carry the label {RTA}.">', None),
        ('<meta name="RATING" content="rta 5042 1996 1400 1577 rta">', SelfLabel.RTA),
        ('<div title=\'<meta name="rating" content="adult">\'></div>', None),
        ('</head><meta name="rating" content="adult">', SelfLabel.RATING),
    ],
)
def test_other_kinds_and_places_of_labels(head: str, expected: SelfLabel | None) -> None:
    assert labels(head) == ({expected} if expected else set())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_pages_in_utf_16_show_their_labels(encoding: str) -> None:
    page = '<html><head><meta name="rating" content="adult"></head>'
    assert self_labels(page.encode(encoding), {}) == {SelfLabel.RATING}


LD = '<script type="application/ld+json">{}</script>'
VIDEO = '"@type":"VideoObject","isFamilyFriendly":false'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (LD.format(f'{{"@type":"Article","video":{{{VIDEO}}}}}'), False),
        (LD.format(f'[{{"@type":"Article"}},{{{VIDEO}}}]'), False),
        (LD.format(f"{{{VIDEO}}}"), True),
        (LD.format('{"@graph":[{"@type":"WebPage","isFamilyFriendly":"False"}]}'), True),
        (LD.format('{"@type":"WebPage","mainEntity":{"@type":"A","isFamilyFriendly":0}}'), True),
        (LD.format('{"@type":"Product","isFamilyFriendly":false}'), False),
        (LD.format("{" * 5000), False),
        (
            '<div itemscope itemtype="https://schema.org/WebPage"><span itemprop="video" itemscope '
            'itemtype="https://schema.org/VideoObject">'
            '<meta itemprop="isFamilyFriendly" content="false"></span></div>',
            False,
        ),
        (
            '<div itemscope itemtype="https://schema.org/WebPage"><div>x</div>'
            '<meta itemprop="isFamilyFriendly" content="false"></div>',
            True,
        ),
        ('<p vocab="x" typeof="WebPage"><b property="schema:isFamilyFriendly">false</b></p>', True),
    ],
)
def test_only_the_pages_own_item_counts(body: str, expected: bool) -> None:
    assert labels("", body=body) == ({SelfLabel.FAMILY} if expected else set())


PIECES = [
    "<meta ",
    "name=",
    "rating",
    "'",
    '"',
    ">",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "adult",
]


@given(
    st.lists(
        st.sampled_from(
            [
                *PIECES,
                " ",
                "content=",
                "isFamilyFriendly",
                "itemprop=",
                "itemscope",
                "</head>",
                "application/ld+json",
                "<div ",
                "\xff",
            ]
        )
    )
)
def test_broken_pages_end(pieces: list[str]) -> None:
    assert self_labels("".join(pieces).encode("latin-1"), {}) <= set(SelfLabel)


def test_the_time_is_linear_in_the_page() -> None:
    for piece in ("<meta name='rating' ", '<meta "', "<!--", "<script ", "isFamilyFriendly <a "):
        self_labels(piece.encode() * 20_000, {})  # the test's own time limit is the assertion
