"""Words in short blocks of text that tell what the block is for, in groups of one meaning.

Our choice, written by hand: what English, and some other European and Chinese, pages say around
their main text. The weights of the groups are learned (see `training`). Matched in lower case on
whole words (`-` in a pattern stands for anything but a letter or digit).
"""

from __future__ import annotations

from typing import Final

GROUPS: Final[tuple[str, ...]] = (
    "-copyright- -©- rights-reserved -terms- -privacy- -impressum- -datenschutz- -disclaimer- 版权",
    "-share- -tweet- -facebook- -twitter- -pinterest- -whatsapp- -linkedin- -email- -print-"
    " -teilen-",
    "-login- log-in sign-in sign-up -register- -subscribe- -newsletter- -password- -anmelden- 登录",
    "-cookie- -cookies- -javascript- -browser- -consent- -gdpr-",
    "read-more learn-more see-more view-all see-all show-more -mehr- weiterlesen click-here -more-",
    "related you-may you-might also-like recommended -trending- most-read most-popular"
    " -latest- 相关",
    "-comment- -comments- -reply- -replies- leave-a -kommentare- -kommentar- 评论 回复",
    "-posted- -published- -updated- -by- -author- -written- -min-read- -views- 来源 作者 编辑",
    "-advertisement- -advertising- -sponsored- -promoted- -anzeige- 广告",
    "-home- -menu- -search- -contact- about-us -faq- -help- -sitemap- -suche- -kontakt- 首页",
    "-next- -previous- -prev- -page- -back- -top- -older- -newer- 下一 上一",
    "-tags- -filed-under- -category- -categories- -topics- -tagged- 标签",
    "-cart- -checkout- -buy- add-to -shipping- -price- -sale- -wishlist- -stock- -reviews- -€- -£-",
    "-jan- -feb- -march- -april- -may- -june- -july- -aug- -sept- -oct- -nov- -dec- -am- -pm-"
    " -ago-",
    "-photo- -image- -credit- -getty- -reuters- -foto- -source- -caption- -video- -watch-",
    "-quote- -joined- -posts- -member- -thread- -forum- -wrote- -registered- -likes- 楼 发表",
)

PATTERNS: Final[list[tuple[str, int]]] = [
    (word, bit) for bit, words in enumerate(GROUPS) for word in words.split()
]
GROUP_COUNT: Final = len(GROUPS)
