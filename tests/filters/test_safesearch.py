from pathlib import Path

import pytest

from massivetext.config import ConfigError, SafeSearch
from massivetext.filters.safesearch import SafeSearchScorer, Verdict, load_scorer

LIMIT = SafeSearch().max_score


def page(*links: str, head: str = "") -> bytes:
    body = "".join(f'<p>Words <a class="x" href="{link}">here</a></p>' for link in links)
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


@pytest.fixture
def scorer(tmp_path: Path) -> SafeSearchScorer:
    (tmp_path / "domains").write_text("one.example\ntwo.example\nhealth.example\n")
    (tmp_path / "exceptions").write_text("health.example\n")
    return load_scorer(
        SafeSearch(domains=(str(tmp_path),), exceptions=(str(tmp_path / "exceptions"),))
    )


def test_without_lists_only_labels_count() -> None:
    plain = load_scorer(SafeSearch())
    assert plain.score("http://one.example/", page("http://two.example/"), {}) == Verdict(0.0, ())
    labelled = page(head='<meta name="rating" content="adult">')
    assert plain.score("", labelled, {}) == Verdict(1.0, ("label_rating",))
    assert plain.sources == ("self-labels",)


def test_labels_of_headers_and_page_are_both_named() -> None:
    labelled = page(head='<meta name="rating" content="mature">')
    verdict = load_scorer(SafeSearch()).score(
        "", labelled, {"rating": "RTA-5042-1996-1400-1577-RTA"}
    )
    assert verdict == Verdict(1.0, ("label_rating", "label_rta"))


def test_a_listed_domain_decides_and_an_exception_wins(scorer: SafeSearchScorer) -> None:
    assert scorer.score("https://www.one.example/a", page(), {}) == Verdict(1.0, ("listed_domain",))
    assert scorer.score("https://health.example/a", page(), {}) == Verdict(0.0, ())
    assert scorer.score("https://fine.example/a", page(), {}) == Verdict(0.0, ())
    assert scorer.sources == (
        "self-labels",
        "3 listed domains and URLs",
        "1 exceptions from lists",
    )


def test_links_hint_or_decide(scorer: SafeSearchScorer) -> None:
    def score(*links: str) -> float:
        verdict = scorer.score("https://fine.example/", page(*links), {})
        assert verdict.signals == (("listed_links",) if verdict.score else ())
        return verdict.score

    fine = "https://other.example/"
    assert score(fine, "http://health.example/", "/one.example", "mailto:a@one.example") == 0
    assert score(fine, "http://www.one.example/") == 0.25
    assert score("//one.example/a", "http://www.one.example/b") == 0.5 <= LIMIT
    assert score("//one.example", "//TWO.example/", fine, fine) == 0.75 > LIMIT
    assert score("//one.example", "//two.example", *[fine] * 18) == 0.55 > LIMIT
    assert score("//one.example", "//two.example", *[fine] * 19) == pytest.approx(1 / 21, abs=1e-4)


def test_links_to_the_own_site_do_not_count(scorer: SafeSearchScorer) -> None:
    links = page("https://shop.fine.example/", "//www.fine.example/", "http://one.example/")
    assert scorer.score("https://fine.example/", links, {}).score == 0.5


def test_links_in_every_spelling(scorer: SafeSearchScorer) -> None:
    html = (
        b"<A HREF=http://one.example/x>a</A><a\nrel=nofollow\n href = ' https://two.example'>b</a>"
        b'<link href="//cdn.example/x.css"><a name="y">c</a><a href="http://u:p@one.example:80">d</a>'
    )
    assert scorer.score("https://fine.example/", html, {}).score == 1.0


def test_the_users_model_scores_the_text() -> None:
    class Model:
        def predict(self, line: str) -> tuple[str, float]:
            return ("NSFW", 0.7) if "bad" in line else ("sfw", 0.9)

    plain = load_scorer(SafeSearch())
    scorer = SafeSearchScorer(plain.domains, plain.exceptions, Model())
    assert scorer.score("", b"", {}, "good\ntext") == Verdict(0.0, ())
    assert scorer.score("", b"", {}, "bad\ntext") == Verdict(0.7, ("model",))
    assert scorer.score("", b"", {}, " \n") == Verdict(0.0, ())
    assert scorer.sources == ("self-labels", "a text model")


def test_scores_add_up_to_one_at_most(scorer: SafeSearchScorer) -> None:
    labelled = page("//one.example", head='<meta name="rating" content="adult">')
    verdict = scorer.score("http://two.example/", labelled, {})
    assert verdict == Verdict(1.0, ("label_rating", "listed_domain", "listed_links"))


def test_a_list_that_was_replaced_under_its_path_is_read_anew(tmp_path: Path) -> None:
    settings = SafeSearch(domains=(str(tmp_path),))
    for listed, other in (("one", "two"), ("two", "one")):
        (tmp_path / "domains").write_text(f"{listed}.example\n")
        scorer = load_scorer(settings)
        assert scorer.score(f"https://{listed}.example/", page(), {}).score == 1.0
        assert scorer.score(f"https://{other}.example/", page(), {}).score == 0.0
    assert load_scorer(settings).domains is scorer.domains


def test_what_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no domain list at"):
        load_scorer(SafeSearch(domains=(str(tmp_path / "nowhere"),)))
    with pytest.raises(ConfigError, match=r"safesearch\.model: no file"):
        load_scorer(SafeSearch(model=str(tmp_path / "nowhere.bin")))


def test_a_model_that_can_call_nothing_explicit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        labels = ("fr", "en", "de", "af", "als")

    monkeypatch.setattr("massivetext.filters.safesearch.load_model", lambda *_: Model())
    with pytest.raises(ConfigError) as error:
        load_scorer(SafeSearch(model="lid.176.ftz"))
    assert str(error.value) == (
        "safesearch.model: none of the model's 5 labels means explicit content; "
        "expected one of adult, explicit, nsfw, porn, unsafe; the first are af, als, de"
    )


def test_the_same_link_many_times_counts_each_time(scorer: SafeSearchScorer) -> None:
    links = (
        ["//one.example"] * 3 + ["//www.fine.example"] * 5 + ["//two.example", "//other.example"]
    )
    for order in (links, links[::-1], links[::3] + links[1::3] + links[2::3]):
        assert scorer.score("https://fine.example/", page(*order), {}).score == 0.9


def test_hosts_of_the_same_length_are_told_apart(scorer: SafeSearchScorer) -> None:
    links = ("//one.example", "//onx.example", "//two.example", "//one.exomple") * 2
    assert scorer.score("https://fine.example/", page(*links), {}).score == 0.75


@pytest.mark.parametrize(
    ("links", "score"),
    [
        (("//%6fne.example",), 0.5),
        (("//%6fne.example", "//other.example"), 0.25),
        (("//%6fne.example", "//%6fne.example"), 0.5),
        (("//f%69ne.example", "//one.example"), 0.5),
        (("//f%69ne.example", "//tw%6f.example", "//%6fne.example"), 1.0),
        (("//f%69ne.example", "//not%20listed.example", "//f%69ne.example"), 0.0),
        (("//read%20me",), 0.0),
    ],
)
def test_encoded_hosts_are_decoded(
    scorer: SafeSearchScorer, links: tuple[str, ...], score: float
) -> None:
    for padding in ("", " " * 300):
        html = page(*links) + padding.encode()
        assert scorer.score("https://fine.example/", html, {}).score == score
