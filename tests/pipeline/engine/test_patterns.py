import glob

import pytest

from massivetext.pipeline.engine.patterns import parse_pattern


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("/a/*.txt", ["/a/b.txt", "/a/.txt", "/a/x\\y.txt"], ["/a/b/c.txt", "/a/b.txt2"]),
        ("/a/**.txt", ["/a/b.txt", "/a/b/c.txt"], ["/b/a/c.txt"]),
        ("/a/**/c", ["/a/b/c", "/a/b/d/c"], ["/a/c"]),
        ("/a/?", ["/a/b", "/a/\n"], ["/a/", "/a/bc"]),
        ("/a/[b-d]x", ["/a/bx", "/a/dx"], ["/a/ex"]),
        ("/a/[!b-d]x", ["/a/ex"], ["/a/bx"]),
        ("/a/[]^[]x", ["/a/]x", "/a/^x", "/a/[x"], ["/a/ax"]),
        ("/a/[&&~~||]x", ["/a/&x", "/a/|x"], ["/a/-x"]),
        ("/g[[]1]/[*]/[?]/*", ["/g[1]/*/?/a"], ["/g1/*/?/a", "/g[1]/b/?/a"]),
        ("/a/x[", ["/a/x["], ["/a/x"]),
        ("/a/x[!]", ["/a/x[!]"], ["/a/x"]),
        ("s3://b/k*.gz", ["s3://b/k1.gz"], ["s3://b/k/1.gz"]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_wildcards_fit_paths(pattern: str, fits: list[str], does_not: list[str]) -> None:
    whole = parse_pattern(pattern).whole
    assert all(whole.fullmatch(path) for path in fits)
    assert not any(whole.fullmatch(path) for path in does_not)


@pytest.mark.parametrize(
    ("pattern", "folder", "prefix", "is_plain"),
    [
        ("/a/b/c.txt", "/a/b/", "/a/b/c.txt", True),
        ("/a/b*/c.txt", "/a/", "/a/b", False),
        ("*.txt", "", "", False),
        ("s3://b/a/k*", "s3://b/a/", "s3://b/a/k", False),
        ("/g[[]1]/in/*", "/g[1]/in/", "/g[1]/in/", False),
        ("/g[[]1]/[*]", "/g[1]/", "/g[1]/*", True),
    ],
)
def test_the_fixed_beginning_is_a_folder_and_a_prefix(
    pattern: str, folder: str, prefix: str, is_plain: bool
) -> None:
    parsed = parse_pattern(pattern)
    assert (parsed.folder, parsed.prefix, parsed.is_plain) == (folder, prefix, is_plain)


@pytest.mark.parametrize("path", ["/a/[b]", "/a*/?/[!x]/[[]]", "s3://b/[1]"])
def test_what_python_escapes_is_the_path_itself(path: str) -> None:
    parsed = parse_pattern(glob.escape(path))
    assert parsed.is_plain
    assert parsed.path == path


def test_a_range_that_runs_backwards_is_told() -> None:
    with pytest.raises(ValueError, match="bad character range z-a in a set of the pattern"):
        parse_pattern("/a/[z-a]*")
