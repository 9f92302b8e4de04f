import pytest

from massivetext.filters.stated_verdict import stated_score


@pytest.mark.parametrize(
    ("value", "score"),
    [
        *((None, None), ("", None), (True, 1.0), (False, 0.0), (0.3, 0.3), (1, 1.0)),
        *(("NSFW", 1.0), ("safe", 0.0), ("0.25", 0.25), ("Very likely", 1.0)),
    ],
)
def test_verdicts_in_every_form(value: object, score: float | None) -> None:
    assert stated_score(value) == score


@pytest.mark.parametrize("value", [2, -0.1, float("nan"), "perhaps", [1]])
def test_what_is_no_verdict_is_a_clear_error(value: object) -> None:
    with pytest.raises(ValueError, match="expected a number from 0 to 1"):
        stated_score(value)
