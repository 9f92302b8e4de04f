"""An undeclared encoding is known by its bytes: sentences in 25 encodings, and English in none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.pipeline.extraction.charset.decoders import decode
from massivetext.pipeline.extraction.charset.detect import detect

# Article 1 of the Universal Declaration of Human Rights.
ARTICLES = {
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. "
    "Jsou nadáni rozumem "
    "a svědomím a mají spolu jednat v duchu bratrství.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft "
    "und Gewissen begabt und sollen einander im Geist der Brüderlichkeit "
    "begegnen. Für Größe, über.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués "
    "de raison et de conscience et doivent agir dans un esprit de fraternité.",
    "he": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا "
    "وضميرا وعليهم أن يعامل",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "lv": "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un "
    "tiesībās. Viņi ir apveltīti "
    "ar saprātu un sirdsapziņu, un viņiem jāizturas citam pret citu brālības garā.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni "
    "obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. "
    "Они наделены разумом",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl "
    "ve vicdana sahiptirler "
    "ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах. "
    "Вони наділені розумом",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "zh-tw": ""
    "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。",
}

CODECS = {
    "cs": ["cp1250", "iso8859-2"],
    "de": ["cp1252", "mac-roman"],
    "el": ["cp1253", "iso8859-7"],
    "fr": ["cp1252", "iso8859-15", "mac-roman"],
    "he": ["cp1255", "iso8859-8"],
    "ar": ["cp1256", "iso8859-6"],
    "ja": ["cp932", "euc_jp"],
    "ko": ["cp949"],
    "lv": ["cp1257", "iso8859-13", "iso8859-4"],
    "pl": ["cp1250", "iso8859-2"],
    "ru": ["cp1251", "koi8-r", "iso8859-5", "cp866", "mac-cyrillic"],
    "th": ["cp874"],
    "tr": ["cp1254"],
    "uk": ["cp1251", "koi8-u"],
    "zh": ["gb18030"],
    "zh-tw": ["big5"],
}


@pytest.mark.parametrize(
    ("language", "codec"), [(lang, codec) for lang, codecs in CODECS.items() for codec in codecs]
)
def test_a_sentence_is_read_in_its_encoding(language: str, codec: str) -> None:
    text = ARTICLES[language]
    page = f"<html><body><div class='text'><p>{text}</p></div></body></html>"
    name, cost = detect(page.encode(codec))
    assert decode(page.encode(codec), name) == page
    assert 0 < cost < 10


@pytest.mark.parametrize(
    "text",
    [
        "Beyoncé … café … résumé",
        "é",
        "“Quotes” and ‘quotes’ – dashes — and so on…",
        "Prices: £5, €7, ½ off · 20° ± 2° © 2004 Acme® ™",
        "Häagen-Dazs and Mötley Crüe; Señor Núñez, São Paulo, Ångström, Søren",
        "The façade of the château, à la carte, hors d’œuvre, naïve Noël",
        "a × b × c × d, x² + y³, § 7, ¶ 3",
        "It\xa0was\xa0so,\xad and not\xad other\xadwise",
    ],
)
def test_english_stays_english(text: str) -> None:
    data = (text + " and all the rest of the page, which is in English.").encode("cp1252")
    name, _ = detect(data)
    assert decode(data, name) == data.decode("cp1252")


@given(st.binary(max_size=300))
def test_any_bytes_have_an_encoding(data: bytes) -> None:
    name, _ = detect(data)
    decode(data, name)
