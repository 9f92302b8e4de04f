import pytest
import sentencepiece

from massivetext.sequencing.sentencepiece_file import parse_sentencepiece, replace_in_pieces


def test_the_rule_of_normalisation_is_read(identity, nfkc, train_tiny):
    assert parse_sentencepiece(identity.model).normalization == "identity"
    assert parse_sentencepiece(nfkc.model).normalization == "nfkc"
    assert parse_sentencepiece(train_tiny()).normalization == "nmt_nfkc"


def test_pieces_and_scores_are_those_of_the_library(nfkc):
    processor = sentencepiece.SentencePieceProcessor(model_proto=nfkc.model)
    pieces = parse_sentencepiece(nfkc.model).pieces
    assert [p.text for p in pieces] == [processor.id_to_piece(i) for i in range(len(pieces))]
    assert [p.score for p in pieces] == [processor.get_score(i) for i in range(len(pieces))]
    assert [p.type == 6 for p in pieces] == [processor.is_byte(i) for i in range(len(pieces))]


def test_what_is_no_sentencepiece_file_is_refused():
    with pytest.raises(ValueError, match="not a protocol buffer"):
        parse_sentencepiece(b"\x07\x01\x02")


def test_characters_of_pieces_are_replaced_and_nothing_else(identity):
    def texts(model):
        return [piece.text for piece in parse_sentencepiece(model).pieces]

    changed = replace_in_pieces(identity.model, "é".encode(), "ü".encode())
    assert texts(changed) == [text.replace("é", "ü") for text in texts(identity.model)]
    assert texts(changed) != texts(identity.model)
    assert replace_in_pieces(changed, "ü".encode(), "é".encode()) == identity.model
    sentencepiece.SentencePieceProcessor(model_proto=changed)
    with pytest.raises(ValueError, match="same length"):
        replace_in_pieces(identity.model, b"e", "é".encode())
