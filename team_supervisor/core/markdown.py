"""Which blocks does a Markdown text consist of?"""

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

# markdown-it drops what is nested deeper than this, without a word; a list costs two levels.
NESTING = 100
_RULES = ("code", "fence", "blockquote", "hr", "list", "html_block", "heading", "paragraph")
_UNDERLINE = re.compile(r"^[ \t]*(?:=+|-+)[ \t]*$", re.MULTILINE)


def tokens(text: str) -> list[Token]:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _parser(_UNDERLINE.search(lines) is not None).parse(lines)


@cache
def _parser(underlined: bool) -> MarkdownIt:
    """CommonMark blocks; what is inside a line stays unparsed, which is most of the cost.

    Underlined headings make every paragraph be read twice, so only where there may be one.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": NESTING})
    parser.core.ruler.enableOnly(["normalize", "block"])
    chains = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.at("blockquote", _skip_quote, {"alt": chains})
    parser.block.ruler.enableOnly([*_RULES, "lheading"] if underlined else list(_RULES))
    return parser


def _skip_quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Passes over a line of a block quote: none of it counts, and nested ones take seconds."""
    if not state.src.startswith(">", state.bMarks[start] + state.tShift[start]):
        return False
    if not silent:
        state.line = start + 1
    return True
