"""What the first lines of commit messages say, and in which form.

Only words are looked at: whether a message is true, nobody can tell from it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from grader.model.history import Commit

# https://www.conventionalcommits.org: type(scope)!: subject
_CONVENTIONAL = re.compile(
    r"(?:build|chore|ci|data|docs?|feat|feature|fix|hotfix|perf|refactor|release|revert"
    r"|style|tests?)(?:\([^()]{1,60}\))?!?: +(?P<subject>\S.*)",
    re.IGNORECASE,
)
# What GitHub's pages fill in.
_FILLED_IN = re.compile(
    r"add files via upload"
    r"|(?:create|update|delete|rename|deleted|updated|created) "
    r"(?:directory )?(?:\S+/)?\S*\.\w{1,10}"
    r"|rename \S+ to \S+",
    re.IGNORECASE,
)
_PULL_REQUEST = re.compile(r"\s*\(#[0-9]+\)$")
_REVERT = re.compile(r'revert:? +"?\S', re.IGNORECASE)

# A message of nothing else says nothing that the commit itself doesn't.
_EMPTY_WORDS = frozenset(
    "a an the and or of in on to for with it its this that my our i we is was be all some "
    "more again also just now still yet here there everything something anything things "
    "thing stuff misc various few several other another new old last latest final finally "
    "very real really ok okay yes no not done finished finish complete completed ready "
    "update updates updated updating upd fix fixes fixed fixing bug bugs bugfix bugfixes "
    "error errors issue issues problem problems change changes changed changing modify "
    "modified modification modifications edit edits edited improve improvement improvements "
    "improved minor major small little big quick tiny tweak tweaks wip work works working "
    "worked progress commit commits committed push pushed pushing save saved saving upload "
    "uploaded uploading file files code codes script scripts project repo repository "
    "version v test tests testing tested try trying tried temp tmp foo bar baz asdf asd "
    "qwerty qwe xxx abc aaa hello hi blah lol oops hmm please day week part step "
    "today tomorrow initial init submission assignment made mon tue wed thu fri sat sun "
    "jan feb mar apr jun jul aug sep oct nov dec am pm utc gmt cet cest est edt pst".split()
)
# Of somebody's first commit everybody knows what it is.
_FIRST = re.compile(
    r"(?:initial|first) (?:commit|project|version|upload)\W*|init\W*", re.IGNORECASE
)

_IMPERATIVES = frozenset(
    "abstract accept access acknowledge activate adapt add address adjust adopt "
    "aggregate align allow annotate append apply archive arrange ask assert assign "
    "attach automate avoid back backfill backup balance base begin bind block boost "
    "bound break bring build bump bypass cache calculate call cap capture catch "
    "centralise centralize change check choose clarify clean cleanup clear clip clone "
    "close collect combine comment commit compare complete compress compute configure "
    "confirm connect consolidate constrain consume containerise containerize convert "
    "copy correct count cover create cut deal debug declare decompose decouple "
    "decrease deduplicate default defer define delete depend deploy deprecate "
    "describe design detect determine develop disable discard display distinguish do "
    "dockerise dockerize document don't downgrade download draft draw drive drop dump "
    "edit eliminate embed emit enable encode enforce engineer enhance ensure escape "
    "establish evaluate exclude execute exit expand explain explore export expose "
    "extend extract factor fail fall fetch fill filter finalise finalize find finish "
    "fit fix flatten fold follow force fork format freeze gate generate get give go "
    "grade group guard hand handle harden hide hold ignore implement import improve "
    "include incorporate increase infer ingest init initialise initialize inject "
    "inline insert inspect install instrument integrate introduce invert isolate join "
    "keep label launch lay leave let limit link lint list listen load lock log lower "
    "make manage map mark match measure mention merge migrate minimise minimize mock "
    "modify modularise modularize monitor mount move name narrow normalise normalize "
    "note omit open optimise optimize orchestrate order organise organize output "
    "overhaul override overwrite pack package parameterise parameterize parametrise "
    "parametrize parse part pass patch perform persist pin plot point polish populate "
    "port predict prefer prepare preprocess preserve prevent print process produce "
    "promote propagate protect prove provide prune publish pull push put raise re- "
    "enable reach read rebuild receive recognise recognize recompile record recover "
    "recreate redesign redirect redo reduce refactor refine reflect reformat refresh "
    "regenerate register reintroduce relate relax release reload relocate remove "
    "rename render reorder reorganise reorganize repair rephrase replace report "
    "reposition request require rerun reset reshape resize resolve respect restore "
    "restrict restructure rethink retrain retrieve retry return reuse revamp revert "
    "review revise reword rewrite roll rotate round run sanitise sanitize save say "
    "scale schedule score search seed select send separate serialise serialize serve "
    "set setup share shift ship show shrink simplify skip solve sort specify speed "
    "spell split stabilise stabilize stage standardise standardize start state stop "
    "store stream streamline strip structure stub style substitute support suppress "
    "swap switch sync synchronise synchronize tag take tell template test throw tidy "
    "tighten toggle tolerate trace track train transfer transform translate treat "
    "trigger trim try tune turn tweak type uncomment undo unify unpin unset untrack "
    "unwrap update upgrade upload use validate verify version view visualise "
    "visualize wait warn watch weight wire wrap write zip".split()
)

_WORD = re.compile(r"[^\W_]+")


def is_conventional(subject: str) -> bool:
    """Whether it has the form `type(scope)!: subject`."""
    return _CONVENTIONAL.fullmatch(subject.strip()) is not None


def is_imperative(subject: str) -> bool:
    """Whether it begins with what the commit does, as in "Add a retry"."""
    first = subject.strip().partition(" ")[0].strip(".,:;!-").casefold()
    return first in _IMPERATIVES


def says_what(subject: str) -> bool:
    """Whether it says what was changed: at least two words that are not said of any commit."""
    text = _PULL_REQUEST.sub("", subject.strip())
    if _FIRST.fullmatch(text):
        return True
    if _FILLED_IN.fullmatch(text):
        return False
    if form := _CONVENTIONAL.fullmatch(text):
        text = form["subject"]
    elif _REVERT.match(text):
        return True
    words = [one.casefold() for one in _WORD.findall(text)]
    if any(map(_is_ideographic, text)):
        return sum(map(_is_ideographic, text)) > 3
    told = [one for one in words if one not in _EMPTY_WORDS and not one.isdigit()]
    return bool(told) and len(words) > 1 and sum(map(len, words)) > 5


def _is_ideographic(letter: str) -> bool:
    """Chinese, Japanese and Korean put words together without spaces."""
    return ord(letter) > 0x2E7F and unicodedata.category(letter) == "Lo"


def poor(commits: Sequence[Commit]) -> tuple[tuple[Commit, ...], tuple[Commit, ...]]:
    """Commits whose message doesn't say what was changed, and those that repeat another's.

    Of equal messages the earliest is no repetition.
    """
    empty = tuple(one for one in commits if not says_what(one.subject))
    known: Counter[str] = Counter(one.subject.strip().casefold() for one in commits)
    said = set(map(id, empty))
    repeated = []
    for one in commits:  # newest first
        key = one.subject.strip().casefold()
        known[key] -= 1
        if known[key] and id(one) not in said:
            repeated.append(one)
    return empty, tuple(repeated)
