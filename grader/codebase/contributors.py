"""Who made the commits of a history: persons told apart, bots and assistants set aside.

One person commits under several addresses, and several names. Two signatures are of one
person who have the same e-mail address, the same account at GitHub (its noreply addresses
hold number and login), or the same name; upper and lower case, accents and punctuation aside.
A login counts as a name; and as what stands before the @, which is somebody's at several
hosts where it is long enough. What tools fill in for anybody says nothing.
A repository's .mailmap is not asked: it could give anybody's work to anybody.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from grader.codebase.claimed_times import made_at
from grader.model.history import Commit, History, Person

Kind = Literal["person", "bot", "assistant", "nobody"]

_BOT = re.compile(r"\[bot\]|(?:^|[\s._-])bot$", re.IGNORECASE)
_BOT_NAMES = frozenset(
    "githubactions githubaction dependabot dependabotpreview renovate precommitci "
    "greenkeeper webflow actionsuser github githubclassroom semanticreleasebot "
    "allcontributors imgbot snykbot".split()
)
_BOT_ADDRESSES = frozenset(
    "action@github.com actions@github.com noreply@github.com support@github.com "
    "bot@renovateapp.com".split()
)
# By address where the name is one that people have too.
_ASSISTANT_ADDRESS = re.compile(
    r"noreply@anthropic\.com|claude@anthropic\.com|cursoragent@cursor\.com|\w+@aider\.chat"
    r"|(?:noreply|codex)@openai\.com|openhands@all-hands\.dev|amp@ampcode\.com"
    r"|(?:[0-9]+\+)?copilot@users\.noreply\.github\.com",
    re.IGNORECASE,
)
_ASSISTANT_BOT = re.compile(
    r"copilot|claude|codex|devin|jules|cursor|gemini|openhands|sweep|aider",
    re.IGNORECASE,
)
_ASSISTANT_NAMES = frozenset(
    "copilot githubcopilot cursoragent chatgpt openaicodex codex geminicli "
    "geminicodeassist claudecode copilotsweagent".split()
)

# What tools, images and instructions fill in for anybody.
_ANYBODYS = frozenset(
    "root user ubuntu admin administrator unknown yourname you name student test me dev "
    "developer vscode codespace runner ec2user jovyan email youremail mail github git info contact "
    "nobody noname author default".split()
)
_RESERVED = re.compile(
    r"(?:.+\.)?(?:example\.(?:com|org|net|edu)|test|invalid|example)"
)
_GITHUB = re.compile(
    r"(?:([0-9]{1,20})\+)?([a-z0-9][a-z0-9_-]{0,60})@users\.noreply\.github\.com"
)
_NAME_CHARACTERS = 100
# A first name of fewer is more than one person's.
_USER_CHARACTERS = 6
_NO_LETTERS = re.compile(r"[\W_]+")
# Aider signs beside the person who asked it.
_AIDER = re.compile(r"\s*\(aider\)\s*$", re.IGNORECASE)

_Key = tuple[str, str]


def kind_of(person: Person) -> Kind:
    """Whether a signature is a person's, a bot's, a writing assistant's, or empty."""
    name = folded(person.name)
    both = f"{person.name} {person.email}"
    if _ASSISTANT_ADDRESS.fullmatch(person.email) or name in _ASSISTANT_NAMES:
        return "assistant"
    is_bot = _BOT.search(person.name.strip()) or "[bot]" in person.email.casefold()
    if is_bot and _ASSISTANT_BOT.search(both):
        return "assistant"
    if is_bot or name in _BOT_NAMES or person.email.casefold() in _BOT_ADDRESSES:
        return "bot"
    return "person" if name or person.email.strip() else "nobody"


def folded(name: str) -> str:
    """A name without case, accents, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", _AIDER.sub("", name[:_NAME_CHARACTERS]))
    return _NO_LETTERS.sub("", plain).casefold()


@dataclass(frozen=True)
class Someone:
    """A person of a history: the names and addresses they signed with, the usual one first.

    `authored` and `co_authored` are their commits without merges, `merges` those they made;
    newest first. `share` is of all commits that persons made, one by several in equal parts.
    """

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    authored: tuple[Commit, ...]
    co_authored: tuple[Commit, ...]
    merges: tuple[Commit, ...]
    share: float

    @property
    def work(self) -> int:
        """How many commits they have a part in, merges aside."""
        return len(self.authored) + len(self.co_authored)


@dataclass(frozen=True)
class Contributions:
    """A history's commits, told apart by who made them and what they are."""

    history: History

    @cached_property
    def _kinds(self) -> dict[Person, Kind]:
        everybody = {it for one in self.history.commits for it in _signed(one)}
        return {it: kind_of(it) for it in everybody}

    @cached_property
    def _credits(self) -> tuple[tuple[Commit, tuple[Person, ...]], ...]:
        """Each commit but merges with the persons that it credits, its author first."""
        return tuple(
            (one, tuple(it for it in _signed(one) if self._kinds[it] == "person"))
            for one in self.history.commits
            if one.parents < 2
        )

    @cached_property
    def work(self) -> tuple[Commit, ...]:
        """What persons made, alone or with others; merges are no work of their own."""
        return tuple(one for one, persons in self._credits if persons)

    @cached_property
    def shared(self) -> tuple[Commit, ...]:
        """The work that credits several persons."""
        number = self._numbers[1]
        return tuple(
            one
            for one, persons in self._credits
            if len({number[it] for it in persons}) > 1
        )

    @cached_property
    def merges(self) -> tuple[Commit, ...]:
        """Commits with several parents, whoever made them."""
        return tuple(one for one in self.history.commits if one.parents > 1)

    @cached_property
    def by_bots(self) -> tuple[Commit, ...]:
        """What bots and assistants made and no person had a part in, merges aside."""
        return tuple(
            one
            for one, persons in self._credits
            if not persons and self._kinds[one.author] != "nobody"
        )

    @cached_property
    def unsigned(self) -> tuple[Commit, ...]:
        """What has no author, or was not written by git."""
        return tuple(
            one
            for one, persons in self._credits
            if not persons and self._kinds[one.author] == "nobody"
        )

    @cached_property
    def assisted(self) -> tuple[Commit, ...]:
        """What a writing assistant signed, as author or as co-author."""
        return tuple(
            one
            for one in self.history.commits
            if any(self._kinds[it] == "assistant" for it in _signed(one))
        )

    @cached_property
    def times(self) -> tuple[datetime, ...]:
        """When the work was made, the earliest first, as far as it can be believed."""
        found = (made_at(one, self.history) for one in self.work)
        return tuple(sorted(time for time in found if time is not None))

    @cached_property
    def _numbers(self) -> tuple[list[list[Person]], dict[Person, int]]:
        """Signatures by the person whose they are, and which of these each one is of."""
        persons = [one for one, kind in self._kinds.items() if kind == "person"]
        groups = _same(sorted(persons, key=lambda one: (one.name, one.email)))
        return groups, {it: at for at, group in enumerate(groups) for it in group}

    @cached_property
    def people(self) -> tuple[Someone, ...]:
        """Everybody with a part in the work or in merges, the greatest first."""
        groups, number = self._numbers
        signed: Counter[Person] = Counter()
        authored: dict[int, list[Commit]] = {}
        others: dict[int, list[Commit]] = {}
        merged: dict[int, list[Commit]] = {}
        shares = [0.0] * len(groups)
        for one, persons in self._credits:
            signed.update(persons)
            author = number.get(one.author)
            everybody = {number[it] for it in persons}
            for at in everybody:
                (authored if at == author else others).setdefault(at, []).append(one)
                shares[at] += 1 / len(everybody) / len(self.work)
        for one in self.merges:
            if one.author in number:
                signed[one.author] += 1
                merged.setdefault(number[one.author], []).append(one)
        found = (
            Someone(
                names=_usual((it.name for it in group), signed, group),
                addresses=_usual((it.email for it in group), signed, group),
                authored=tuple(authored.get(at, ())),
                co_authored=tuple(others.get(at, ())),
                merges=tuple(merged.get(at, ())),
                share=shares[at],
            )
            for at, group in enumerate(groups)
            # Co-authors of nothing but merges have no part in anything.
            if at in authored or at in others or at in merged
        )
        return tuple(sorted(found, key=lambda it: (-it.share, it.names, it.addresses)))


def _signed(commit: Commit) -> tuple[Person, ...]:
    """Everybody and everything that signed a commit, its author first."""
    return tuple(dict.fromkeys((commit.author, *commit.co_authors)))


def _usual(
    texts: Iterable[str], signed: Mapping[Person, int], group: Sequence[Person]
) -> tuple[str, ...]:
    """Names or addresses of one person, the most frequent first."""
    counts: Counter[str] = Counter()
    for text, person in zip(texts, group, strict=True):
        counts[text.strip()] += signed[person]
    del counts[""]
    return tuple(sorted(counts, key=lambda text: (-counts[text], text)))


def _same(signatures: Iterable[Person]) -> list[list[Person]]:
    """Signatures by the person whose they are: those that share a key, however indirectly."""
    leads: dict[_Key, _Key] = {}

    def root(key: _Key) -> _Key:
        while leads.setdefault(key, key) != key:
            leads[key] = leads[leads[key]]
            key = leads[key]
        return key

    first = {}
    for person in signatures:
        keys = _keys(person)
        first[person] = keys[0]
        for other in keys[1:]:
            leads[root(other)] = root(keys[0])
    groups: dict[_Key, list[Person]] = {}
    for person, key in first.items():
        groups.setdefault(root(key), []).append(person)
    return list(groups.values())


def _keys(person: Person) -> list[_Key]:
    """What makes a signature somebody's; nobody else's shares one of these."""
    address, name = person.email.strip().casefold(), folded(person.name)
    keys: list[_Key] = []
    if account := _GITHUB.fullmatch(address):
        keys += [("name", folded(account[2])), ("user", folded(account[2]))]
        if account[1]:
            keys.append(("account", account[1]))
    elif _is_own(address):
        keys.append(("address", address))
        user = folded(address.partition("@")[0])
        if len(user) >= _USER_CHARACTERS:
            keys.append(("user", user))
    if len(name) > 2 and name not in _ANYBODYS:
        keys.append(("name", name))
    return keys or [("signature", f"{person.name}\0{address}")]


def _is_own(address: str) -> bool:
    user, at, host = address.partition("@")
    return bool(
        at
        and "." in host
        and folded(user) not in _ANYBODYS
        and not _RESERVED.fullmatch(host)
    )
