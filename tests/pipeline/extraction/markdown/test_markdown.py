"""Golden pages: the Markdown of each, to the letter. One small page a form of the markup."""

import pytest

from massivetext.pipeline.extraction import Extractor, extract_page, extract_text

PAGES = {
    "paragraphs": ("<p>One.</p>\n<p>Two\n  lines.</p>", "One.\n\nTwo lines."),
    "line breaks": ("<p>Rose<br>Tulip</p>", "Rose  \nTulip"),
    "lines": ("<div>Mill Lane 3</div><div>Ness</div>", "Mill Lane 3  \nNess"),
    "headings": ("<h2><b>The</b> mill</h2><p>It <i>stands</i>.</p>", "## The mill\n\nIt *stands*."),
    "a heading over two lines": (
        "<h3>The mill<br>at Ness #</h3><p>x</p>",
        "### The mill at Ness \\#\n\nx",
    ),
    "a heading that does not end": (
        "<h2>Mill<p>a</p><p>b</p><p>c</p><p>d</p>",
        "## Mill\n\na\n\nb\n\nc\n\nd",
    ),
    "a heading of two parts": ("<h2><div>Part 1</div><div>Mill</div></h2>", "## Part 1 Mill"),
    "emphasis": (
        "<p><em>a</em> <strong>b <i>c</i></strong> <b>d</b><b>e</b> f<b>g</b>h</p>",
        "*a* **b *c*** **de** f**g**h",
    ),
    "emphasis that Markdown would not read": ("<p>a<b>(b)</b>c <i>d </i>e</p>", "a(b)c *d* e"),
    "emphasis over blocks": ("<b><div>a</div><div>b</div></b>", "**a**  \n**b**"),
    "code": (
        "<p>Call <code>f(*a)</code>, <kbd>`</kbd> or <tt>a``b</tt>.</p>",
        "Call `f(*a)`, `` ` `` or ```a``b```.",
    ),
    "a listing": (
        "<p>Run:</p><pre><code class='language-python'>def f(x):\n    if x:\n\n        return  1\n"
        "</code></pre><p>Done.</p>",
        "Run:\n\n```python\ndef f(x):\n    if x:\n\n        return  1\n```\n\nDone.",
    ),
    "a listing in a listing": ("<pre>a\n```\nb</pre>", "````\na\n```\nb\n````"),
    "a listing in an item": (
        "<ul><li>Run<pre class='brush: js'>f()\n  g()</pre></li><li>Stop</li></ul>",
        "- Run\n\n  ```js\n  f()\n    g()\n  ```\n- Stop",
    ),
    "lines of code": (
        "<table><tr><td class='blob-num'>1</td><td class='blob-code-inner'>if x:</td></tr>"
        "<tr><td class='blob-num'>2</td><td class='blob-code-inner'>  y()</td></tr></table>",
        "```\nif x:\n  y()\n```",
    ),
    "code of two lines": ("<p><code>a<br>b</code></p>", "```\na\nb\n```"),
    "a poem": (
        "<p style='white-space:pre-line'>Rose\n  Tulip</p>",
        "Rose  \nTulip",
    ),
    "nested lists": (
        "<ul><li>Fruit<ul><li>Apple</li><li>Pear<ul><li>Conference</li></ul></li></ul></li>"
        "<li>Vegetables</li></ul>",
        "- Fruit\n  - Apple\n  - Pear\n    - Conference\n- Vegetables",
    ),
    "text after a nested list": (
        "<ul><li>before<ul><li>inner</ul>after</ul>",
        "- before\n  - inner\n\n  after",
    ),
    "numbers": ("<ol start=9><li>i<li>j<ul><li>k</ul></ol>", "9. i\n10. j\n    - k"),
    "numbers in an item": ("<ul><li>a<ol start=3><li>c</ol></ul>", "- a\n\n  3. c"),
    "letters": ("<ol type=a><li>one<li>two</ol>", "- a. one\n- b. two"),
    "no marks": ("<ul style='list-style:none'><li>a<li>b</ul>", "- a\n- b"),
    "a list right in a list": ("<ul><li>a<ul><li>b</ul><ul><li>c</ul></ul>", "- a\n  - b\n  * c"),
    "two lists": ("<ol><li>a</ol><ol><li>b</ol>", "1. a\n\n1) b"),
    "an item of two paragraphs": (
        "<ul><li><p>First.</p><p>Second.</p></li><li><p>Third.</p></li></ul>",
        "- First.\n\n  Second.\n- Third.",
    ),
    "quotations": (
        "<blockquote><p>a</p><blockquote><p>b</p></blockquote><ul><li>c</ul></blockquote><p>d</p>",
        "> a\n>\n> > b\n>\n> - c\n\nd",
    ),
    "a table": (
        "<table><caption>Stock</caption><thead><tr><th>Name</th><th>Qty</th></tr></thead>"
        "<tbody><tr><td>A|B</td><td><b>3</b></td></tr><tr><td>C</td><td><code>x|y</code></td></tr>"
        "</tbody></table>",
        "Stock\n\n| Name | Qty |\n| --- | --- |\n| A\\|B | **3** |\n| C | `x\\|y` |",
    ),
    "a ragged table": (
        "<table><tr><th>a<th>b</tr><tr><td>c<td>d<td>e</tr><tr><td colspan=3>f</tr>"
        "<tr><td><td>g<td>h</table>",
        "| a | b |  |\n| --- | --- | --- |\n| c | d | e |\n| f |  |  |\n|  | g | h |",
    ),
    "a table in an item": (
        "<ul><li>Tides<table><tr><td>a<td>b<tr><td>c<td>d</table></ul>",
        "- Tides\n\n  | a | b |\n  | --- | --- |\n  | c | d |",
    ),
    "a table with a listing in it": (
        "<table><tr><td>a<td>b<tr><td>c<td><pre>d</pre><tr><td>e<td>f</table>",
        "| a | b |\n| --- | --- |\n\nc\n\n```\nd\n```\n\n|  |  |\n| --- | --- |\n| e | f |",
    ),
    "definitions": ("<dl><dt>Weir</dt><dd>A low dam.</dd></dl>", "Weir  \nA low dam."),
    "formulas": (
        "<p>Of radius <math alttext='{\\displaystyle r}'><mi>r</mi></math> and <script"
        " type='math/tex'>a_1*b_1</script>.</p><p><math display='block'><semantics><mi>x</mi>"
        "<annotation encoding='application/x-tex'>x^2</annotation></semantics></math></p>",
        "Of radius $r$ and $a_1*b_1$.\n\n$$x^2$$",
    ),
    "a formula alone": (
        "<p>a</p><p><img class=tex alt='\\pi r'></p><p>b</p>",
        "a\n\n$$\\pi r$$\n\nb",
    ),
    "MathML is no TeX": ("<p><math><mfrac><mi>a</mi><mi>b</mi></mfrac></math> x</p>", "a/b x"),
    "links": ("<p>See <a href='/x'>the <b>mill</b></a>.</p>", "See the **mill**."),
    "what would be Markdown": (
        "<p>1. a<br># b<br>- c<br>&gt; d<br>---<br>+ e<br>[f]: g</p>"
        "<p>*a* _b_ c_d 5 * 3 `e` [f](g) &lt;b&gt; &amp;lt; \\* a\\b ~~h~~</p>",
        "1\\. a  \n\\# b  \n\\- c  \n\\> d  \n\\---  \n\\+ e  \n\\[f]: g\n\n"
        "\\*a\\* \\_b\\_ c_d 5 * 3 \\`e\\` [f\\](g) \\<b> \\&lt; \\\\\\* a\\b \\~~h\\~~",
    ),
    "what is none": (
        "<p>C# - $5, #1 a|b [x] (c) 1.5 &lt; 2 &amp; R&amp;D! a-b 3) 2024: x_y_z</p>",
        "C# - $5, #1 a|b [x] (c) 1.5 < 2 & R&D! a-b 3) 2024: x_y_z",
    ),
    "marks that are taken back": (
        "<h2>Mill<a href='#m'><b>¶</b></a></h2><p>10<sup><b>6</b></sup> <i>x</i></p>",
        "## Mill\n\n10⁶ *x*",
    ),
}


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
@pytest.mark.parametrize("name", PAGES)
def test_the_markdown_of_a_page(name: str, extractor: Extractor) -> None:
    html, markdown = PAGES[name]
    page = f"<!DOCTYPE html><html><head><title>t</title></head><body>{html}</body></html>"
    found = extract_text(page.encode(), encoding="utf-8", extractor=extractor, format="markdown")
    assert found == markdown


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
def test_addresses_of_links_if_they_are_asked_for(extractor: Extractor) -> None:
    html = (
        "<p><a href='/a b?x=1&amp;y=(2)'>one <i>two</i></a> <a href='#n'>three</a> "
        "<a href='javascript:f()'>four</a> <a>five</a> <a href='https://e.org/'>[six]</a></p>"
    )
    found = extract_text(html.encode(), extractor=extractor, format="markdown", markdown_links=True)
    assert found == (
        "[one *two*](/a%20b?x=1&y=%282%29) three four five [\\[six\\]](https://e.org/)"
    )


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ("<div class='highlight highlight-source-python'><pre>x</pre></div>", "python"),
        ("<div class='highlight-text-html-basic'><pre>x</pre></div>", "html"),
        (
            "<div class='highlight-python3 notranslate'><div class='highlight'><pre>x</pre>",
            "python3",
        ),
        ("<div class='highlight-default'><div class='highlight'><pre>x</pre>", ""),
        ("<div class='mw-highlight mw-highlight-lang-lua'><pre>x</pre></div>", "lua"),
        ("<pre class='prettyprint lang-js'>x</pre>", "js"),
        ("<pre class='brush: java; gutter: false'>x</pre>", "java"),
        (
            "<pre class='sourceCode haskell'><code class='sourceCode haskell'>x</code></pre>",
            "haskell",
        ),
        ("<pre><code class='hljs cpp'>x</code></pre>", "cpp"),
        ("<pre><code class='language-C++'>x</code></pre>", "c++"),
        ("<pre class='language-plaintext'>x</pre>", ""),
        ("<div class='lang-de'><pre>x</pre></div>", ""),
        ("<pre class='wp-block-code'>x</pre>", ""),
    ],
)
def test_the_language_of_a_listing(html: str, language: str) -> None:
    found = extract_text(f"<p>a</p>{html}".encode(), format="markdown")
    assert found == f"a\n\n```{language}\nx\n```"


@pytest.mark.parametrize("extractor", ["tree", "lxml", "trafilatura"])
def test_the_text_form_comes_along(extractor: Extractor) -> None:
    sentence = "Mills stood along the river for two hundred years, and some <b>still</b> do. "
    html = f"<html><body><article><h1>Mills</h1><p>{sentence * 5}</p></article>".encode()
    page = extract_page(html, extractor=extractor, format="markdown")
    assert page.text == extract_page(html, extractor=extractor).text
    assert page.markdown is not None
    assert "**still**" in page.markdown


@pytest.mark.parametrize("extractor", ["tree", "lxml"])
def test_data_of_a_page_is_no_markup(extractor: Extractor) -> None:
    body = "*Mills* stood along the river for two hundred years, and 1. some still do. " * 5
    html = (
        '<html><body><p>Loading</p><script type="application/ld+json">{"articleBody": "'
        f'{body}"}}</script>'
    )
    found = extract_text(html.encode(), extractor=extractor, format="markdown")
    assert found == body.strip().replace("*Mills*", "\\*Mills\\*")
