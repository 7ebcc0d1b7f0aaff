"""What somebody could write into a repository, a roster or a comment so that it acts.

Each text has a twin that says as much and can't act: letters and digits, with its spaces, line
ends and backticks left, so that a document has the same parts with either of them.
"""

import re
from collections.abc import Mapping

# Where every address leads, and what every script calls.
HOST, CALL = "evil.example", "pwned"
_ADDRESS = f"https://{HOST}/x"

MARKUP: Mapping[str, str] = {
    "script": f"<script>{CALL}(1)</script>",
    "script-end": f"</script><script>{CALL}(1)</script>",
    "attribute": f'"><img src=x onerror={CALL}(1)>',
    "single-quoted": f"' onmouseover='{CALL}(1)' autofocus onfocus='{CALL}(1)",
    "svg": f"<svg/onload={CALL}(1)>",
    "broken-tags": f"<<img src=//{HOST}/x onerror={CALL}(1)//",
    "closing-tags": f"</title></style></summary></details></table><h1 onclick={CALL}()>",
    "frame": f'<iframe srcdoc="<script>{CALL}(1)</script>"></iframe>',
    "base": f"<base href={_ADDRESS}><form action={_ADDRESS}><button>",
    "refresh": f'<meta http-equiv=refresh content="0;url={_ADDRESS}">',
    "stylesheet": f"<link rel=stylesheet href={_ADDRESS}><style>@import '{_ADDRESS}'",
    "script-address": f"javascript:{CALL}(1)//",
    "data-address": f"data:text/html,<script>{CALL}(1)</script>",
    "entities": f"&lt;script&gt;{CALL}(1)&lt;/script&gt; &amp;&#60;img&#62;",
    "template": f"{{{{7*7}}}} {{% for x in ().__class__ %}}{{{{{CALL}}}}} ${{7*7}} #{{7*7}}",
    "comment": f"<!-- {CALL} --><!--",
    "section": f"]]><![CDATA[ <?{CALL} <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///x'>]> &e;",
    "namespace": f"<math><mtext></form><mglyph><style></math><img src onerror={CALL}()>",
}

MARKDOWN: Mapping[str, str] = {
    "heading": f"# {CALL}",
    "underline": f"{CALL}\n=====\n{CALL}\n-----",
    "fence": f"```\n# {CALL}\n```",
    "long-fence": f"``````````\n{CALL}\n~~~~~~",
    "backticks": f"a`{CALL}``b```c",
    "only-backticks": "```",
    "mention": "@octocat and @octo-org/team, (@octocat)",
    "reference": "see #1, GH-2, octo/repo#3 and octo/repo@1234567",
    "image": f"![{CALL}]({_ADDRESS}.png)",
    "link": f"[{CALL}]({_ADDRESS}) [{CALL}][1] [1]: {_ADDRESS}",
    "defined": f"[1]: {_ADDRESS}\n[{CALL}][1] and [1]",
    "bare-www": f"www.{HOST} (www.{HOST}/x)",
    "bare-address": f"{_ADDRESS} http://{HOST} ftp://{HOST} HTTPS://{HOST}",
    "bare-mail": f"mail x@{HOST} or mailto:x@{HOST} or xmpp:x@{HOST}/y",
    "angles": f"<{_ADDRESS}> <x@{HOST}> <{HOST}>",
    "emoji": ":100: :octocat:",
    "footnote": f"x[^1]\n\n[^1]: {CALL} ^[{CALL}]",
    "details": f"<details open><summary>{CALL}</summary>\n\n</details>",
    "table": f"| {CALL} | b |\n| --- | --- |\n| c | d |",
    "bars": f"a | {CALL} || \\| b",
    "emphasis": f"*{CALL}* **b** _c_ __d__ ~~e~~ ~f~",
    "mathematics": f"$x^2$ $$\\text{{{CALL}}}$$ $`{CALL}`$",
    "list": f"- [x] {CALL}\n1. b\n+ c",
    "quote": f"> [!WARNING]\n> {CALL}",
    "rule": "---\n***\n___",
    "backslash": f"{CALL}\\",
    "hard-break": f"a  \n{CALL}\\\nb<br>c",
    "marker": "<!-- mlops-grade -->",
    "indented": f"    {CALL}",
    "suggestion": f"```suggestion\n{CALL}\n```",
}

SHEETS: Mapping[str, str] = {
    "command": "=cmd|' /C calc'!A0",
    "web-formula": f'=WEBSERVICE("{_ADDRESS}")',
    "hyperlink": f'=HYPERLINK("{_ADDRESS}";"{CALL}")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3",
    "at": "@SUM(1+1)",
    "after-spaces": "   =1+1",
    "after-quotes": "\"'=1+1",
    "after-tab": "\t=1+1",
    "after-return": "\r=1+1",
    "after-separators": f'a,"=1+1","b\n=1+1;=1+1\t=1+1;{CALL}',
    "wide": "\uff1d1+1",
    "array": "{=1+1}",
    "escape-of-excel": "_x003D_1+1 _x000D_",
    "number": "1e5",
    "internal": "internal:Sheet1!A1",
}

CHARACTERS: Mapping[str, str] = {
    "nul": f"a\x00{CALL}",
    "surrogates": f"a\udcff\ud83d{CALL}",
    "no-characters": f"\ufffe\uffff\ufeff{CALL}",
    "lines": f"a\r\nb\rc\nd\x0be\x0cf\x85g\u2028h\u2029{CALL}",
    "bidi": f"\u202egpj.{CALL}\u2066\u200f",
    "invisible": f"a\u200b\u200d\u2060\xad{CALL}\U000e0041",
    "combining": f"{CALL}" + "\u0334" * 40,
    "empty": "",
    "spaces": "  ",
}

TERMINAL: Mapping[str, str] = {
    "clear": f"\x1b[2J\x1b[H{CALL}",
    "cursor": f"\x1b[5A\x1b[100D{CALL}\x1b[s\x1b[u",
    "title": f"\x1b]0;{CALL}\x07\x1b]2;{CALL}\x1b\\",
    "osc-8": f"\x1b]8;;{_ADDRESS}\x1b\\{CALL}\x1b]8;;\x1b\\",
    "osc-52": "\x1b]52;c;cHduZWQ=\x07",
    "c1": f"\x9b2J\x9d0;{CALL}\x9c\x90q\x9c",
    "modes": f"\x1bc\x1b[?1049h\x1b(0{CALL}\x0e\x0f\x05\x1b[6n\x1bP$q\x1b\\",
    "overwrite": f"10 of 10, final\r{CALL}\b\b\b\x7f",
    "closing-markup": "[/x].py [/] [/bold]",
    "bold-markup": f"[bold red]{CALL}[/bold red] :smile:",
    "link-markup": f"[link={_ADDRESS}]{CALL}[/link]",
    "action-markup": f"[@click=app.bell]{CALL}[/]",
}

RUNNERS: Mapping[str, str] = {
    "error": f"::error file=x,line=1::{CALL}",
    "error-on-a-line": f"a\n::error::{CALL}\r::error::{CALL}",
    "error-later": f"a   ::error::{CALL} " + "b " * 60 + f"::error::{CALL}",
    "error-far": "x" * 100 + f"::error::{CALL}",
    "mask": "::add-mask::e",
    "stop": "::stop-commands::x",
    "output": f"::set-output name=total::{CALL}",
    "escaped": f"%0A::error::{CALL}%0D::error::{CALL}%3A%3A%25",
    "properties": f"a,line=1,title={CALL}::{CALL}",
    "old-form": f"##[error]{CALL}",
    "old-mask": "x ##[add-mask]e",
    "old-split": "##",
    "variable": f"total=10\nPATH={CALL}",
    "delimiter": f"EOF\nPATH={CALL}\nghadelimiter_0",
    "group": f"::group::{CALL}",
    "azure": f"##vso[task.setvariable variable=x]{CALL}",
    "gitlab-section": f"section_start:0:{CALL}[collapsed=true]",
    "sarif-link": f"[{CALL}]({_ADDRESS}) \\[{CALL}]({_ADDRESS}) [{CALL}](1)",
    "sarif-placeholder": f"{{0}} {{{CALL}}} {{{{0}}}}",
}

PLACES: Mapping[str, str] = {
    "upwards": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "file-address": "file:///etc/passwd",
    "authority": f"//{HOST}/x",
    "windows": "C:\\windows\\CON",
    "query": f"a.py?x=1#L1 %2e%2e/%00{CALL}",
    "option": f"-rf --upload-pack={CALL}",
    "shell": f"$(touch {CALL}); `touch {CALL}` && 'a' \"b\"",
}

LONG: Mapping[str, str] = {
    "long": f"{CALL} " * 500,
    "long-word": "a" * 3_000,
}

TEXTS: Mapping[str, str] = {
    **{f"markup.{key}": text for key, text in MARKUP.items()},
    **{f"markdown.{key}": text for key, text in MARKDOWN.items()},
    **{f"sheets.{key}": text for key, text in SHEETS.items()},
    **{f"characters.{key}": text for key, text in CHARACTERS.items()},
    **{f"terminal.{key}": text for key, text in TERMINAL.items()},
    **{f"runners.{key}": text for key, text in RUNNERS.items()},
    **{f"places.{key}": text for key, text in PLACES.items()},
    **{f"long.{key}": text for key, text in LONG.items()},
}

_KEPT = frozenset(" \n`")
# Where documentation has a list; alone, such a text has nothing before it and keeps nothing.
_ITEM = re.compile(r"(?<=\n)( *)[-*](?= )")


def twin(text: str, number: int) -> str:
    """As much text of the same shape which can't act, another one for each number."""
    if not text.strip():
        return text
    marked = _ITEM.sub("\\1\x00", text.replace("\x00", "x"))
    plain = "".join(c if c.isalnum() or c in _KEPT else _plain(c) for c in marked)
    return f"{plain}q{number}"


def _plain(char: str) -> str:
    return "-" if char == "\x00" else "x"
