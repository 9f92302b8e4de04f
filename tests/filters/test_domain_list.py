import io
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import content_cache, shared_file
from massivetext.config import ConfigError
from massivetext.filters.domain_list import (
    DomainList,
    load_domain_list,
)
from massivetext.filters.host_table import LeftOut, map_table
from massivetext.filters.hosts import _with_authority, ascii_name, host_of, split_url
from massivetext.filters.public_suffixes import public_suffixes


def clear_loaded() -> None:
    """Forgets what this process has loaded."""
    content_cache._loaded.clear()


def listed(folder: Path, lines: str, name: str = "list.txt") -> DomainList:
    file = folder / name
    file.write_text(lines, encoding="utf-8")
    return load_domain_list([str(file)], "adult")


@pytest.mark.parametrize(
    ("host", "registered"),
    [
        ("www.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("me.blogspot.com", "me.blogspot.com"),
        ("x.me.github.io", "me.github.io"),
        ("blogspot.com", "blogspot.com"),
        ("a.b.ck", "a.b.ck"),
        ("x.a.b.ck", "a.b.ck"),
        ("a.www.ck", "www.ck"),
        ("x.y.unknowntld", "y.unknowntld"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("www.xn--fsqu00a.xn--fiqs8s", "xn--fsqu00a.xn--fiqs8s"),
        ("", ""),
    ],
)
def test_registered_domains(host: str, registered: str) -> None:
    assert public_suffixes().registered_domain(host) == registered


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://User:pw@WWW.Example.COM.:8080/a?b", "www.example.com"),
        ("//例子.中国/", "xn--fsqu00a.xn--fiqs8s"),
        ("http://[::1]:80/", "::1"),
        ("http://[bad", ""),
        ("mailto:a@b.c", ""),
        ("", ""),
        ("http://" + "a" * 70 + "é.com/", "a" * 70 + "é.com"),
    ],
)
def test_hosts_of_urls(url: str, host: str) -> None:
    assert host_of(url) == host


def test_an_entry_covers_its_subdomains_and_no_other(tmp_path: Path) -> None:
    domains = listed(tmp_path, "bad.example\nworse.example.org\n")
    assert len(domains) == 2
    for url in ("http://bad.example/", "https://www.BAD.example./x", "//a.b.worse.example.org"):
        assert domains.covers_url(url), url
    for url in ("http://notbad.example/", "http://example.org/", "http://example/", "", "http://"):
        assert not domains.covers_url(url), url
    hosts = ["x.bad.example", "bad.example", "notbad.example", "example", ""]
    assert domains.covered(hosts) == {"x.bad.example", "bad.example"}


def test_url_entries_cover_what_lies_below(tmp_path: Path) -> None:
    urls = listed(tmp_path, "host.example/~user\nhost.example/a/b/\n")
    for url in ("http://host.example/~user", "http://www.host.example/~USER/x.html?y"):
        assert urls.covers_url(url), url
    assert urls.covers_url("https://host.example//a/b/c/d/e/f")
    for url in ("http://host.example/", "http://host.example/~user2", "http://host.example/a"):
        assert not urls.covers_url(url), url
    assert not urls.covers_url("//host.example/")


def test_hosts_files_comments_and_ad_blockers_lines(tmp_path: Path) -> None:
    lines = (
        "# comment\n127.0.0.1 localhost\n0.0.0.0 one.example # note\r\n\n::1 ip6-localhost\n"
        "two.example\n||three.example^\nBücher.example\n 0.0.0.0\tfour.example\n"
    )
    domains = listed(tmp_path, lines)
    names = ["one", "two", "three", "xn--bcher-kva", "four"]
    assert len(domains) == len(names)
    assert all(domains.covers_url(f"//{name}.example/") for name in names)


def test_public_suffixes_are_refused_and_told(tmp_path: Path) -> None:
    domains = listed(tmp_path, "blogspot.com\nco.uk\nme.blogspot.com\nfoo.ck\nwww.ck\n")
    assert domains.table.refused == LeftOut(3, ("blogspot.com", "co.uk", "foo.ck"))
    assert domains.left_out == (
        "3 public suffixes, under which strangers register, refused: blogspot.com, co.uk, foo.ck",
    )
    assert not domains.covers_url("//you.blogspot.com/")
    assert domains.covers_url("//me.blogspot.com/")
    assert domains.covers_url("//www.ck/")


@pytest.mark.parametrize(
    "url",
    ["zzzbad.com/1", "zzzbad.com", "www.ZZZbad.com:8080/a", "http://zzzbad.com", "//zzzbad.com"],
)
@pytest.mark.parametrize(
    "entry",
    [
        *("zzzbad.com", "http://zzzbad.com/", "https://user@zzzbad.com:443", "*.zzzbad.com"),
        *(".zzzbad.com", "||zzzbad.com^$third-party", "0.0.0.0 good.example zzzbad.com"),
    ],
)
def test_entries_and_urls_in_every_spelling(tmp_path: Path, entry: str, url: str) -> None:
    domains = listed(tmp_path, entry + "\n")
    assert domains.covers_url(url)
    assert domains.left_out == ()


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("[2001:db8::1]", "http://[2001:DB8:0::1]:80/x"),
        ("2001:db8::1", "http://[2001:db8::1]/"),
        ("192.0.2.1", "192.0.2.1/x"),
        ("http://x.example/a/b/c/d/e/f/", "http://www.x.example/a/b/c/d/e/f/g"),
        ("x.example/a?id=5", "http://x.example/a?id=5"),
    ],
)
def test_addresses_long_paths_and_queries(tmp_path: Path, entry: str, url: str) -> None:
    domains = listed(tmp_path, entry + "\n")
    assert domains.covers_url(url)
    assert not domains.covers_url("http://x.example/a/b")


def test_lines_that_are_no_entries_are_counted(tmp_path: Path) -> None:
    lines = "# c\n! c\n[Adblock Plus 2.0]\nword\n@@||good.example^\nbad*.example\n\ngood.example\n"
    domains = listed(tmp_path, lines)
    assert len(domains) == 1
    assert domains.table.ignored == LeftOut(3, ("word", "@@||good.example^", "bad*.example"))
    assert domains.left_out == (
        "3 lines ignored, neither a domain nor a URL: word, @@||good.example^, bad*.example",
    )


def test_a_damaged_or_lost_file_of_hashes_is_made_anew(tmp_path: Path, own_cache: Path) -> None:
    names = [f"site{n}.example" for n in range(1000)]
    listed(tmp_path, "\n".join(names))
    [file] = own_cache.rglob("*.hosts")
    content = file.read_bytes()
    assert len(map_table(file) or ()) == 1000
    for damaged in (b"", content[:-1], content[:-1] + b"x", b"{}"):
        file.write_bytes(damaged)
        assert map_table(file) is None
        clear_loaded()
        domains = listed(tmp_path, "\n".join(names))
        assert all(map(domains.covers_url, names))
        assert file.read_bytes() == content


def test_without_a_cache_folder_lists_are_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_file, "cache_folders", lambda kind: iter(()))
    assert listed(tmp_path, "nowhere.example\n").covers_url("nowhere.example")


def test_folders_in_ut1_layout(tmp_path: Path) -> None:
    (tmp_path / "adult").mkdir()
    (tmp_path / "games").mkdir()
    (tmp_path / "adult/domains").write_text("a.example\n")
    (tmp_path / "adult/urls").write_text("b.example/x\n")
    (tmp_path / "adult/usage").write_text("black")
    (tmp_path / "games/domains").write_text("c.example\n")
    for path in (tmp_path, tmp_path / "adult"):
        domains = load_domain_list([str(path)], "adult")
        assert len(domains) == 2
        assert domains.covers_url("//a.example/")
        assert domains.covers_url("http://b.example/x/y")
    both = load_domain_list([str(tmp_path / "adult"), str(tmp_path / "games")], "adult")
    assert len(both) == 3


def test_archives(tmp_path: Path) -> None:
    path = tmp_path / "lists.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (
            ("adult/domains", b"a.example\n"),
            ("games/domains", b"b.example\n"),
            ("adult/banned_words.txt", b"word\n"),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    domains = load_domain_list([str(path)], "adult")
    assert len(domains) == 1
    assert domains.covers_url("//a.example/")
    with pytest.raises(ConfigError, match="expected 'dating/domains' in it"):
        load_domain_list([str(path)], "dating")


def test_a_missing_list_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no domain list at"):
        load_domain_list([str(tmp_path / "nowhere")], "adult")
    with pytest.raises(ConfigError, match="expected the files 'domains' or 'urls'"):
        load_domain_list([str(tmp_path)], "adult")


def test_an_empty_list_covers_nothing() -> None:
    assert DomainList().covered(["a.example"]) == set()
    assert not DomainList().covers_url("http://a.example/")
    assert len(load_domain_list([], "adult")) == 0


NAMES = st.lists(st.sampled_from(["a", "b", "c", "co", "com", "uk"]), min_size=1, max_size=5)


@given(entries=st.sets(NAMES.map(".".join), max_size=6), host=NAMES.map(".".join))
def test_covering_is_having_a_listed_suffix(
    entries: set[str], host: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    domains = listed(tmp_path_factory.mktemp("list"), "\n".join(sorted(entries)))
    suffixes = public_suffixes()
    kept = {entry for entry in entries if not suffixes.is_suffix(entry)}
    assert bool(domains.covered([host])) == domains.covers_url(f"//{host}/")
    assert domains.covers_url(f"//{host}/") == any(f".{host}".endswith(f".{e}") for e in kept)


_LOADER = """
import sys
from massivetext.filters import domain_list
read = domain_list._read_lists
domain_list._read_lists = lambda lists: print("built", end=" ") or read(lists)
sys.stdin.readline()
entries = domain_list.load_domain_list([sys.argv[1]], "adult")
print(len(entries), entries.covers_url("http://a.site7.example/"), entries.covered(["b.example"]))
"""


@pytest.mark.slow
def test_processes_that_load_a_list_at_once_build_it_once_and_agree(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("".join(f"site{n}.example\n" for n in range(50_000)))
    loaders = [
        subprocess.Popen(
            [sys.executable, "-c", _LOADER, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for loader in loaders:  # all begin together
        assert loader.stdin is not None
        loader.stdin.write("\n")
        loader.stdin.flush()
    outputs = [loader.communicate(timeout=60)[0] for loader in loaders]
    assert sorted(output.startswith("built") for output in outputs) == [False] * 3 + [True]
    assert {output.removeprefix("built ") for output in outputs} == {"50000 True set()\n"}


@given(
    st.tuples(
        st.sampled_from(["http://", "https://", "HTTP://", "ftp://", "//", ""]),
        st.sampled_from(
            ["a.example", "WWW.A.example.", "u:p@b.example", "[::1]", "a..b", "1.2.3.4"]
        ),
        st.sampled_from(["", ":80", ":", ":x", ":99999999"]),
        st.text(alphabet="/aB?#=%~[] :@\\é\t", max_size=12),
    ).map("".join)
)
def test_urls_are_taken_apart_as_the_standard_library_does(url: str) -> None:
    try:
        parts = urlsplit(_with_authority(url))
        host, path, query = ascii_name(parts.hostname or ""), parts.path, parts.query
    except ValueError:
        assert split_url(url) == ("", "")
        return
    path = "/".join(part for part in path.lower().split("/") if part)
    assert split_url(url) == (host, f"{path}?{query.lower()}" if query else path)
