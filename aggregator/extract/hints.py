"""What the class, id and role of an element say it is for. Pure."""

from __future__ import annotations

import functools
import re

#: Words of names by the kind of thing they speak of, the telling ones anywhere, short ones between borders.
_KINDS = re.compile(
    r"""
      (?P<related>                                     # other articles
          relat | recirc | recommend | more-?(?:from|on|in|stor|news|link)
        | read-?(?:more|also|next|on) | also-?read | see-?also | trending | popular
        | most-?(?:read|view|pop|recent) | further | next-?(?:art|post|stor|up) | outbrain | taboola
        | latest | similar | crosslink | leia-?mais | liste | \blinks?\b | linkbox | aufmacher )
    | (?P<promo>                                     # asks for something
          promo | teaser | newsletter | subscri | sign-?up | donat | paywall
        | piano | premium | abo-?\b | \bcta\b | call-to-action | campaign | marketing | offer
        | membership | support-us | \bcards?\b )
    | (?P<share>                                     # buttons to pass it on
          share | sharing | social | facebook | twitter | whatsapp | addthis
        | sociable | follow | bookmark )
    | (?P<comment>                                   # readers' words
          comment | disqus | kommentar | reply | respond | discuss | forum )
    | (?P<media>                                     # pictures and their lines
          caption | credit | gallery | galeri | slideshow | carousel | video
        | photo | image | picture | figure | \bimg | media | player | audio | podcast | \bfoto | legende
        | \balt\b )
    | (?P<author>                                    # who wrote it
          author | autor | byline | contributor | writer | \bbio\b | profile
        | avatar | vcard | reporter )
    | (?P<meta>                                      # when and how
          \bmeta | dateline | \bdate | \btime | publish | posted | timestamp
        | info(?:s|bar|line)?\b | details | entry-(?:meta|footer|header|utility) )
    | (?P<tags>                                      # subjects
          \btags?\b | taglist | tag-?(?:list|cloud|links) | \btopics? | breadcrumb
        | keyword | categor | crumb | themen )
    | (?P<advert>                                    # for sale
          \bads?\b | advert | sponsor | banner | dfp | anzeige | affiliate
        | outstream | shop | deal )
    | (?P<chrome>                                    # the page's frame
          \bnav | menu | footer | header | masthead | side-?bar | toolbar | pagination
        | pager | skip | search | login | cookie | consent | popup | modal | overlay | toplist | \brail
        | aside | secondary | sticky | drop-?down | \btabs? )
    | (?P<notice>                                    # small print
          copyright | disclaimer | \blegal | correction | notice | \bnote\b | license
        | hinweis | footnote | reference )
    | (?P<factbox>                                   # asides
          \bfact | info-?box | \bbox\b | explainer | sidebox | key-?(?:point|fact|takeaway)
        | summary-?box | inset | pull-?quote | highlight | embed | tweet | quote-? )
    | (?P<lead>                                      # the deck
          \blead | standfirst | \bdeck | \bdek\b | sub-?(?:head|title) | summary | excerpt
        | abstract | intro | teaser-?text | description | chapo | sommario | vorspann | ingress | perex
        | synopsis )
    | (?P<title>                                     # the headline
          \btitle | headline | heading | kicker | overline | rubric )
    | (?P<hidden>                                    # not to be seen
          hidden | visually | sr-only | screen-?reader | no-?print | print-only
        | invisible | collapse )
    | (?P<copy>                                      # the text
          article-*(?:body|content|text|copy|paragraph|main) | story-*(?:body|content|text)
        | entry-?content | post-*(?:body|content|entry|text) | body-*(?:content|text|copy) | rich-?text
        | paragraph | \bprose\b | main-?content | text-*(?:block|body|content|long) | \bcontent\b
        | \btext\b | \bbody\b | wysiwyg )
    """,
    re.VERBOSE,
)
#: Readers' comments and consent dialogs: never the article's, however much copy they hold.
_FOREIGN = re.compile(
    r"""
    \bcomments?-?(?:area|list|section|thread|wrap|container|body|content|box|s\b) | \bcomments\b
    | disqus | \brespond\b | kommentare
    | cookie | consent | onetrust | gdpr | didomi | usercentrics | ccpa | \bcky- | \bcmp\b
    | privacy-?(?:manager|center|dialog)
    """,
    re.VERBOSE,
)


@functools.lru_cache(maxsize=8192)
def hints_of(names: str) -> frozenset[str]:
    """The kinds of things that an element's names speak of."""
    return frozenset().union(*map(_hints_of_name, names.split()))


@functools.lru_cache(maxsize=16384)
def _hints_of_name(name: str) -> frozenset[str]:
    """Of one name: no pattern reaches beyond it, and the same names come with others around them."""
    return frozenset(str(found.lastgroup) for found in _KINDS.finditer(name))


@functools.lru_cache(maxsize=8192)
def is_foreign(names: str) -> bool:
    """Whether an element by its names holds readers' comments or a consent dialog."""
    return any(map(_is_foreign_name, names.split()))


@functools.lru_cache(maxsize=16384)
def _is_foreign_name(name: str) -> bool:
    return bool(_FOREIGN.search(name))
