import pickle

import pytest
import tiktoken
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from massivetext.sequencing.byte_level import gigatoken_encoder, splits, vocabulary
from massivetext.sequencing.byte_level.encoder import ByteLevelEncoder
from massivetext.sequencing.byte_level.kernel_encoder import KernelEncoder, merges_of
from massivetext.sequencing.byte_level.vocabulary import parse_vocabulary
from massivetext.sequencing.tokenizer import make_tokenizer
from tests.sequencing.byte_level.conftest import TEXTS, as_json, ranks_of, trained

KNOWN = [
    *" ".join(TEXTS).split(" "),
    *" aaa <|end|> é 日".split(" "),
    "\n",
    " ",
    "  ",
    "\t",
    "\x00",
]
european = st.text(st.characters(max_codepoint=0x52F), max_size=4)
texts = st.lists(st.sampled_from(KNOWN) | european, max_size=30).map("".join)


def hugging_face_ids(tokenizer: tokenizers.Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def both(encoder: ByteLevelEncoder, text: str) -> list[int]:
    """The ids that the encoder gives, which its kernels and its reference give, too."""
    ids: list[int] = encoder.encode(text.encode()).tolist()
    assert encoder.encode_by_kernels(text.encode()).tolist() == ids
    if len(text) < 1_000:
        assert encoder.encode_by_reference(text.encode()).tolist() == ids
    return ids


def test_the_library_encodes_what_it_can_read(family: tokenizers.Tokenizer) -> None:
    assert ByteLevelEncoder(parse_vocabulary(as_json(family))).uses_library
    odd = as_json(trained(r"\p{L}{1,3}|."))
    assert not ByteLevelEncoder(parse_vocabulary(odd)).uses_library


def test_a_library_that_errs_is_not_used(
    family: tokenizers.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Erring:
        def encode(self, text: bytes) -> list[int]:
            return [0] * len(text)

    monkeypatch.setattr(gigatoken_encoder, "load_library", lambda *_: Erring())
    assert not ByteLevelEncoder(parse_vocabulary(as_json(family))).uses_library


def test_kernels_encode_where_the_library_is_not_installed(
    family: tokenizers.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gigatoken_encoder, "_library", None)
    encoder = ByteLevelEncoder(parse_vocabulary(as_json(family)))
    assert not encoder.uses_library
    assert encoder.encode(b"the crop").tolist() == hugging_face_ids(family, "the crop")


@pytest.mark.parametrize(
    "text", [*TEXTS, "", "a" * 5_000, " " * 300, "xyz" * 2_000, "<|end|> is text"]
)
def test_ids_are_those_of_hugging_face(family: tokenizers.Tokenizer, text: str) -> None:
    encoder = ByteLevelEncoder(parse_vocabulary(as_json(family)))
    for _ in range(2):  # the second time, words are remembered
        assert both(encoder, text) == hugging_face_ids(family, text)


@pytest.fixture(scope="module")
def gpt2() -> tuple[tokenizers.Tokenizer, ByteLevelEncoder]:
    tokenizer = trained(splits.GPT2)
    return tokenizer, ByteLevelEncoder(parse_vocabulary(as_json(tokenizer)))


@given(text=texts)
def test_any_text(gpt2: tuple[tokenizers.Tokenizer, ByteLevelEncoder], text: str) -> None:
    tokenizer, encoder = gpt2
    assert both(encoder, text) == hugging_face_ids(tokenizer, text)


@pytest.fixture(scope="module")
def tiktoken_encoding() -> tiktoken.Encoding:
    """An encoding whose ranks are those of a trained vocabulary, bytes first."""
    parsed = parse_vocabulary(as_json(trained(splits.LLAMA3)))
    tokens = [bytes([byte]) for byte in range(256)]
    tokens += [parsed.tokens[made] for _, _, made in parsed.merges]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    return tiktoken.Encoding(
        "small",
        pat_str=splits.LLAMA3,
        mergeable_ranks=ranks,
        special_tokens={"<|end|>": len(ranks)},
    )


@pytest.fixture
def known(tiktoken_encoding: tiktoken.Encoding, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The file of its ranks, as if it was one of those that are published."""
    count = len(tiktoken_encoding._mergeable_ranks)
    family = vocabulary._Family(
        splits.LLAMA3, (("<|end|>", count),), count + 1, "<|end|>", "<|end|>"
    )
    monkeypatch.setitem(vocabulary._FAMILIES, count, family)
    return ranks_of(tiktoken_encoding)


@pytest.mark.parametrize("text", [*TEXTS, "a" * 5_000, "aaaa aaaaa", "<|end|> is text"])
def test_ids_are_those_of_tiktoken(
    tiktoken_encoding: tiktoken.Encoding, known: bytes, text: str
) -> None:
    tokenizer = make_tokenizer(known)
    ids = tokenizer.encode(text.encode())
    assert ids.tolist() == tiktoken_encoding.encode_ordinary(text)
    if len(text) < 1_000:
        assert tokenizer.encode_by_reference(text.encode()).tolist() == ids.tolist()
    assert tokenizer.decode(ids) == text
    assert tokenizer.bos == tokenizer.eos == tiktoken_encoding.n_vocab - 1
    assert tokenizer.file_name == "tokenizer.tiktoken"
    assert int(tokenizer.token_bytes[ids].sum()) == len(text.encode())


@given(
    tokens=st.sets(st.binary(min_size=2, max_size=6).map(lambda b: bytes(97 + x % 3 for x in b))),
    text=st.binary(max_size=40),
)
def test_merges_by_rank_are_those_of_tiktoken(tokens: set[bytes], text: bytes) -> None:
    """Whatever the tokens: some cannot be made, some in several ways of which one counts."""
    ranked = [bytes([byte]) for byte in range(256)] + sorted(tokens, key=lambda t: t[::-1])
    words = bytes(97 + byte % 3 for byte in text).decode()
    encoding = tiktoken.Encoding(
        "any",
        pat_str=r"\w+",
        mergeable_ranks={t: n for n, t in enumerate(ranked)},
        special_tokens={},
    )
    parsed = vocabulary.Vocabulary(
        tuple(ranked), {}, {}, (), is_ranked=True, takes_words=True, patterns=(r"\w+",)
    )
    encoder = KernelEncoder(parsed, merges_of(parsed))
    assert encoder.encode(words.encode()).tolist() == encoding.encode_ordinary(words)


def test_unknown_ranks_are_refused(tiktoken_encoding: tiktoken.Encoding) -> None:
    with pytest.raises(ValueError, match=r"whose pattern is not known \(known are those of 50,256"):
        make_tokenizer(ranks_of(tiktoken_encoding))


def test_special_tokens_come_from_the_file_or_by_name(family: tokenizers.Tokenizer) -> None:
    tokenizer = make_tokenizer(as_json(family))
    assert (tokenizer.bos, tokenizer.eos, tokenizer.file_name) == (0, 1, "tokenizer.json")
    assert make_tokenizer(as_json(family), bos="<|end|>").bos == 1
    with pytest.raises(ValueError, match=r"no special token '<s>'; set tokenizer\.bos to one of"):
        _ = make_tokenizer(as_json(family), bos="<s>").bos
    copy = pickle.loads(pickle.dumps(make_tokenizer(as_json(family), bos="<|end|>")))
    assert (copy.bos, copy.sha256) == (1, tokenizer.sha256)


def test_without_a_post_processor_both_ends_are_end_of_text() -> None:
    def no_post_processor(told: dict) -> None:
        told["post_processor"] = None

    def rename(told: dict) -> None:
        no_post_processor(told)
        told["added_tokens"][0]["content"] = "<|endoftext|>"

    tokenizer = make_tokenizer(as_json(trained(splits.GPT2), rename))
    assert tokenizer.bos == tokenizer.eos == 0
    with pytest.raises(ValueError, match="no special token '<|endoftext|>'".replace("|", r"\|")):
        _ = make_tokenizer(
            as_json(trained(splits.GPT2), lambda told: told.update(post_processor=None))
        ).bos


@pytest.mark.parametrize("form", ["NFC", "NFKC", "NFD"])
def test_normalisation_comes_first(form: str) -> None:
    tokenizer = trained(splits.QWEN2, normalizer=form)
    encoder = ByteLevelEncoder(parse_vocabulary(as_json(tokenizer)))
    for text in (*TEXTS, "ﬁ e\u0301 é ½"):
        assert both(encoder, text) == hugging_face_ids(tokenizer, text)


def test_added_tokens_are_found_in_texts_and_special_ones_are_not() -> None:
    tokenizer = trained(splits.LLAMA3)
    tokenizer.add_tokens(["<tool>", "<tool>s", "日本"])
    encoder = ByteLevelEncoder(parse_vocabulary(as_json(tokenizer)))
    for text in ("a <tool> b<tool>s", "日本語<tool", "<|end|><tool>"):
        assert both(encoder, text) == hugging_face_ids(tokenizer, text)


def steps(told: dict) -> list[dict]:
    return told["pre_tokenizer"]["pretokenizers"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["model"].update(byte_fallback=True), "not byte-level BPE"),
        (lambda told: told["model"].update(type="Unigram"), "not byte-level BPE"),
        (lambda told: told.update(pre_tokenizer={"type": "Whitespace"}), "not byte-level BPE"),
        (lambda told: told.update(normalizer={"type": "Lowercase"}), "normalizer Lowercase"),
        (lambda told: steps(told)[1].update(add_prefix_space=True), "adds a space"),
        (lambda told: steps(told)[0].update(behavior="Removed"), "unusual way"),
        (lambda told: told.pop("model"), "not a tokenizer.json"),
        (lambda told: told["model"]["vocab"].update(a=-5), "the token id -5; expected 0 to"),
        (lambda told: told["model"]["vocab"].update(a=10**12), "the token id 1,000,000,000,000"),
        (lambda told: told.update(pre_tokenizer=[1]), "not as `tokenizers` writes it"),
        (lambda told: told.update(added_tokens=[{}]), "not as `tokenizers` writes it"),
        (lambda told: told.update(post_processor={"type": "TemplateProcessing"}), "not as"),
        (lambda told: told["model"]["vocab"].pop("a"), "merges name 'a', which is not a token"),
        (lambda told: told["model"]["vocab"].pop("Ā"), "1 bytes have no token, the first is 0x00"),
    ],
)  # fmt: skip
def test_other_kinds_are_refused(change, message: str) -> None:
    tokenizer = trained(splits.GPT2)
    with pytest.raises(ValueError, match=message):
        ByteLevelEncoder(parse_vocabulary(as_json(tokenizer, change)))


def test_a_broken_file_of_ranks_names_its_line() -> None:
    with pytest.raises(ValueError, match="line 2 is not a token in base 64"):
        parse_vocabulary(b"IQ== 0\nIg==\n")
