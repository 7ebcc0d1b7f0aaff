"""The repositories of HOSTILE's cases 1 to 20, made object by object.

Each function makes one below an empty folder and returns its path: a bare repository where
the case is about what git holds, else a folder with a `.git`. What must never run would
make the file `marker(folder)`.
"""

import hashlib
import subprocess
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

SOURCE = (
    b'"""Rents."""\n\n\ndef yearly(rent):\n    """A year."""\n    return 12 * rent\n'
)

FILE, PROGRAM, LINK, FOLDER, SUBMODULE = (
    *("100644", "100755", "120000", "40000"),
    "160000",
)

Entry = tuple[str, bytes, str]

# Case 3: what stands where an address should.
ADDRESSES = (
    "ext::sh -c 'touch it-ran'",
    "ext::sh -c touch% it-ran",
    "fd::17/foo",
    "--upload-pack=touch it-ran",
    "-c core.sshCommand=touch it-ran",
    "-cprotocol.ext.allow=always",
    "ssh://-oProxyCommand=touch%20it-ran/x",
    "ssh://git@-oProxyCommand=touch/x",
    "ssh://%2doProxyCommand=touch/x",
    "git@-oProxyCommand=touch:x",
    "-oProxyCommand=touch@example.org:x",
    "git@example.org:-x",
    "https://example.org/$(touch it-ran).git",
    "https://example.org/`touch it-ran`.git",
    "https://example.org/a b.git",
    "https://example.org/a\nb.git",
    "https://example.org/a.git?token=hunter2",
    "https://example.org",
    "file:///etc",
    "http://example.org/a.git",
    "git://example.org/a.git",
    "HTTPS://example.org/../$HOME",
    "\\\\server\\share",
)


def marker(folder: Path) -> Path:
    """What a case makes when something of it runs."""
    return folder / "it-ran"


def _bait(folder: Path) -> str:
    """A command that leaves the marker."""
    program = folder / "bait.sh"
    program.write_text(f"#!/bin/sh\ntouch '{marker(folder)}'\nexit 0\n")
    program.chmod(0o755)
    return str(program)


class Store:
    """A bare repository whose objects are written as they are, however wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("objects", "refs/heads"):
            (path / name).mkdir(parents=True)
        (path / "HEAD").write_text("ref: refs/heads/main\n")
        (path / "config").write_text(
            "[core]\n\tbare = true\n\trepositoryformatversion = 0\n"
        )

    def put(self, kind: str, content: bytes) -> str:
        """Store an object and return its id."""
        whole = f"{kind} {len(content)}\0".encode() + content
        name = hashlib.sha1(whole).hexdigest()
        self.place(name, zlib.compress(whole, 1))
        return name

    def place(self, name: str, compressed: bytes) -> None:
        """Store bytes under an id, whatever they are."""
        file = self.path / "objects" / name[:2] / name[2:]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(compressed)

    def blob(self, content: bytes) -> str:
        return self.put("blob", content)

    def tree(self, entries: Iterable[Entry]) -> str:
        """A folder of (mode, name, id), in the order that they are given."""
        return self.put(
            "tree",
            b"".join(
                mode.encode() + b" " + name + b"\0" + bytes.fromhex(object_id)
                for mode, name, object_id in entries
            ),
        )

    def files(self, files: Mapping[bytes, bytes], mode: str = FILE) -> list[Entry]:
        """Entries of one folder, sorted as git does."""
        return [(mode, name, self.blob(files[name])) for name in sorted(files)]

    def commit(
        self,
        tree: str,
        author: bytes = b"A Student <a@example.org>",
        time: bytes = b"1748513520 +0200",
        parents: Iterable[str] = (),
        message: bytes = b"Work\n",
    ) -> str:
        lines = [b"tree " + tree.encode()]
        lines += [b"parent " + parent.encode() for parent in parents]
        lines += [b"author " + author + b" " + time]
        lines += [b"committer " + author + b" " + time, b"", message]
        return self.put("commit", b"\n".join(lines))

    def branch(self, commit: str, name: str = "main") -> Path:
        """Point a branch at a commit; returns the repository."""
        (self.path / "refs" / "heads" / name).write_text(f"{commit}\n")
        return self.path


def worktree(folder: Path, files: Mapping[str, bytes], name: str = "group-7") -> Path:
    """A folder with these files in one commit, made by git."""
    path = folder / name
    for file, content in files.items():
        (path / file).parent.mkdir(parents=True, exist_ok=True)
        (path / file).write_bytes(content)
    path.mkdir(exist_ok=True)
    run_git(path, "init", "-q", "-b", "main")
    run_git(path, "add", "-A", "-f")
    run_git(path, "commit", "-q", "-m", "Work", "--allow-empty")
    return path


def run_git(folder: Path, *arguments: str) -> str:
    """Git as the student has run it, with nobody's configuration."""
    done = subprocess.run(
        [
            *("git", "-c", "user.name=A Student", "-c", "user.email=a@example.org"),
            *("-c", "core.hooksPath=/dev/null", "-c", "protocol.file.allow=always"),
            *arguments,
        ],
        cwd=folder,
        env={
            **{"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(folder)},
            **{"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def case_01(folder: Path) -> Path:
    """A repository without a commit."""
    return Store(folder / "group-7.git").path


def case_02(folder: Path) -> Path:
    """HEAD names a branch that isn't there; another one is."""
    store = Store(folder / "group-7.git")
    commit = store.commit(store.tree(store.files({b"rent.py": SOURCE})))
    return store.branch(commit, "dev")


def case_04(folder: Path) -> Path:
    """A tree bomb: a hundred million files out of nine objects."""
    store = Store(folder / "group-7.git")
    tree = store.tree(store.files({b"%d.py" % at: SOURCE for at in range(10)}))
    for _ in range(7):
        tree = store.tree((FOLDER, b"%d" % at, tree) for at in range(10))
    return store.branch(store.commit(tree))


# What git calls 2 GiB of zeros: SHA-1 takes longer over them than all the rest.
TWO_GIBIBYTES = "77e9132b46cb9535f286f18974872f40049d1a89"


def case_05(folder: Path) -> Path:
    """A file of 2 GiB in an object of 9 MB."""
    store = Store(folder / "group-7.git")
    size, piece = 2 * 2**30, bytes(2**24)
    head = f"blob {size}\0".encode()
    # Packed once and repeated: after a full flush the packer remembers nothing.
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    one, two = zlib.adler32(head) & 0xFFFF, zlib.adler32(head) >> 16
    check = ((two + size * one) % 65_521) << 16 | one
    body = start + zeros * (size // len(piece)) + packer.flush()
    store.place(TWO_GIBIBYTES, b"\x78\x01" + body + check.to_bytes(4, "big"))
    entries = [
        (FILE, b"model.bin", TWO_GIBIBYTES),
        *store.files({b"rent.py": SOURCE}),
        (FILE, b"weights.py", TWO_GIBIBYTES),
    ]
    return store.branch(store.commit(store.tree(entries)))


def case_06(folder: Path) -> Path:
    """100,000 small files beside a project."""
    store = Store(folder / "group-7.git")
    one = store.blob(b"1\n")
    rows = store.tree((FILE, b"%04d.csv" % at, one) for at in range(1_000))
    data = store.tree((FOLDER, b"%03d" % at, rows) for at in range(100))
    top = [(FOLDER, b"data", data), *store.files({b"rent.py": SOURCE})]
    return store.branch(store.commit(store.tree(top)))


def case_07(folder: Path) -> Path:
    """Links named as modules that lead to the user's files and to another group's."""
    other = folder / "group-1"
    other.mkdir()
    (other / "secret.py").write_text("SECRET = 'hunter2'\n")
    store = Store(folder / "group-7.git")
    links = {
        b"absolute.py": str(other / "secret.py").encode(),
        b"home.py": b"/root/.bashrc",
        b"passwd.py": b"/etc/passwd",
        b"proc.py": b"/proc/self/environ",
        b"relative.py": b"../group-1/secret.py",
        b"through.py": b"way/secret.py",
        b"up.py": b"../../../../../../../etc/passwd",
        b"way": str(other).encode(),
    }
    entries = sorted(
        [*store.files({b"rent.py": SOURCE}), *store.files(links, LINK)],
        key=lambda entry: entry[1],
    )
    return store.branch(store.commit(store.tree(entries)))


def case_08(folder: Path) -> Path:
    """Links in circles, to themselves, to the folder above, through 2,000 others."""
    store = Store(folder / "group-7.git")
    links = {
        b"here": b".",
        b"itself.py": b"itself.py",
        b"one.py": b"two.py",
        b"two.py": b"one.py",
        b"above": b"..",
        b"long.py": b"x/" * 3_000,
        b"nul.py": b"a\0b",
        **{b"z%04d.py" % at: b"z%04d.py" % (at + 1) for at in range(2_000)},
    }
    below = store.tree([(LINK, b"top", store.blob(b".."))])
    entries = sorted(
        [
            *store.files({b"rent.py": SOURCE}),
            *store.files(links, LINK),
            (FOLDER, b"sub", below),
        ],
        key=lambda entry: entry[1],
    )
    return store.branch(store.commit(store.tree(entries)))


# What case 9 has beside one honest file; none of it may be written.
REFUSED_NAMES = (
    *(b".git", b".GIT", b".Git ", b".git.", b".git::$INDEX_ALLOCATION", b"git~1"),
    *(b"GIT~1", b"..", b".", b"a\\b.py", b"..\\..\\evil.py", b"../evil.py"),
    *(b"/etc/evil.py", b"sub/evil.py", b".g\xe2\x80\x8cit"),
)


def case_09(folder: Path) -> Path:
    """Names that lead into git's own folder or out of the repository."""
    store = Store(folder / "group-7.git")
    bait = _bait(folder).encode()
    hooks = store.tree([(PROGRAM, b"post-checkout", store.blob(b"#!" + bait + b"\n"))])
    config = store.blob(b"[core]\n\tfsmonitor = " + bait + b"\n")
    inside = store.tree([(FILE, b"config", config), (FOLDER, b"hooks", hooks)])
    evil = store.blob(b"evil = True\n")
    entries = [
        *((FOLDER, name, inside) for name in REFUSED_NAMES[:9]),
        *((FILE, name, evil) for name in REFUSED_NAMES[9:]),
        *store.files({b"rent.py": SOURCE}),
        # The same name twice, the second time with other content.
        (FILE, b"rent.py", evil),
        # A link and a folder of one name: written in turn, the file would leave the copy.
        (LINK, b"way", store.blob(str(folder).encode())),
        (FOLDER, b"way", store.tree([(FILE, b"escaped.py", evil)])),
    ]
    return store.branch(store.commit(store.tree(entries)))


def case_10(folder: Path) -> Path:
    """Submodules whose addresses and update commands run something."""
    store = Store(folder / "group-7.git")
    bait = _bait(folder).encode()
    modules = (
        b'[submodule "lib"]\n\tpath = lib\n\turl = ext::' + bait + b"\n\tupdate = !"
        b"" + bait + b'\n[submodule "../../x"]\n\tpath = -u\n\turl = -u' + bait + b"\n"
    )
    entries = [
        *store.files({b".gitmodules": modules}),
        (SUBMODULE, b"lib", "1" * 40),
        *store.files({b"rent.py": SOURCE}),
    ]
    return store.branch(store.commit(store.tree(entries)))


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:" + b"4d7a2146" * 8 + b"\nsize 12345\n"
)


def case_11(folder: Path) -> Path:
    """Git LFS pointers, and a configuration that sends their download to a trap."""
    store = Store(folder / "group-7.git")
    files = {
        b".gitattributes": b"* filter=lfs diff=lfs merge=lfs -text\n",
        b".lfsconfig": b"[lfs]\n\turl = http://127.0.0.1:9/trap\n",
        b"model.pkl": POINTER,
        b"rent.py": SOURCE,
        b"weights.py": POINTER,
    }
    return store.branch(store.commit(store.tree(store.files(files))))


def case_12(folder: Path) -> Path:
    """Attributes that would change what is written: filters, encodings, line ends."""
    path = worktree(
        folder,
        {
            "rent.py": SOURCE,
            "crlf.py": b"a = 1\nb = 2\n",
            "ident.py": b"# $Id$\n",
            "utf16.py": SOURCE,
            "subst.py": b"# $Format:%an$\n",
        },
    )
    (path / ".gitattributes").write_text(
        "rent.py filter=bait\ncrlf.py text eol=crlf\nident.py ident\n"
        "utf16.py working-tree-encoding=UTF-16\nsubst.py export-subst\n"
    )
    run_git(path, "add", ".gitattributes")
    run_git(path, "commit", "-q", "-m", "Attributes")
    for way in ("smudge", "clean", "process"):
        run_git(path, "config", f"filter.bait.{way}", _bait(folder))
    return path


def case_13(folder: Path) -> Path:
    """A bare repository among the files, with a file-system monitor of its own."""
    config = f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {_bait(folder)}\n"
    files = {
        "HEAD": b"ref: refs/heads/main\n",
        "config": config.encode(),
        "objects/info/keep": b"",
        "refs/heads/keep": b"",
    }
    return worktree(
        folder,
        {
            "rent.py": SOURCE,
            **files,
            **{f"src/{name}": content for name, content in files.items()},
        },
    )


def case_14(folder: Path) -> Path:
    """A `.git` in which everything that can name a program does."""
    path = worktree(folder, {"rent.py": SOURCE, "notes.md": b"# Notes\n"})
    bait = _bait(folder)
    (folder / "included").write_text(f"[core]\n\tfsmonitor = {bait}\n")
    config = path / ".git" / "config"
    config.write_text(
        config.read_text()
        + f"[core]\n\tfsmonitor = {bait}\n\tsshCommand = {bait}\n\tpager = {bait}\n"
        f"\teditor = {bait}\n\tgitProxy = {bait}\n\thooksPath = {folder}\n"
        f"\talternateRefsCommand = {bait}\n\tworktree = {folder}\n"
        f"[include]\n\tpath = {folder / 'included'}\n"
        f"[uploadpack]\n\tpackObjectsHook = {bait}\n"
        f"[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = {folder}\n\tuploadpack = {bait}\n\tpromisor = true\n'
        f"\tvcs = ext\n\treceivepack = {bait}\n"
        f"[credential]\n\thelper = !{bait}\n[diff]\n\texternal = {bait}\n"
        f'[filter "bait"]\n\tclean = {bait}\n\tsmudge = {bait}\n\tprocess = {bait}\n'
        f"[gpg]\n\tprogram = {bait}\n[log]\n\tshowSignature = true\n"
        f"[alias]\n\tls-files = !{bait}\n\tcat-file = !{bait}\n\trev-parse = !{bait}\n"
        f"[trace2]\n\tnormalTarget = {marker(folder)}\n"
    )
    (path / ".git" / "info").mkdir(exist_ok=True)
    (path / ".git" / "info" / "attributes").write_text("* filter=bait diff=bait\n")
    hooks = path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "post-checkout",
        "post-index-change",
        "fsmonitor-watchman",
        "pre-commit",
    ):
        (hooks / name).write_text(f"#!/bin/sh\nexec '{bait}'\n")
        (hooks / name).chmod(0o755)
    # Missing, so that git would fetch it from the remote above.
    object_id = run_git(
        path, "-c", "core.fsmonitor=false", "rev-parse", "HEAD:notes.md"
    )
    (path / ".git" / "objects" / object_id[:2] / object_id[2:]).unlink()
    marker(folder).unlink(missing_ok=True)
    return path


def other_group(folder: Path) -> Path:
    """Another group's repository, which case 14 would like to be graded as."""
    return worktree(folder, {"rent.py": b"SECRET = 'hunter2'\n"}, "group-1")


def case_14_file(folder: Path) -> Path:
    """A `.git` file that leads to another group's repository."""
    other = other_group(folder)
    path = folder / "group-7"
    path.mkdir()
    (path / "rent.py").write_bytes(SOURCE)
    (path / ".git").write_text(f"gitdir: {other / '.git'}\n")
    return path


def case_14_link(folder: Path) -> Path:
    """A `.git` that is a link to another group's."""
    path = case_14_file(folder)
    (path / ".git").unlink()
    (path / ".git").symlink_to(folder / "group-1" / ".git")
    return path


def case_14_objects(folder: Path) -> Path:
    """Objects, references and index that are links to another group's."""
    other = other_group(folder) / ".git"
    path = worktree(folder, {"rent.py": SOURCE})
    for name in ("objects", "refs", "index"):
        (path / ".git" / name).rename(folder / f"aside-{name}")
        (path / ".git" / name).symlink_to(other / name)
    return path


def case_14_alternates(folder: Path) -> Path:
    """A HEAD of another group's, whose objects are named in alternates."""
    other = other_group(folder)
    path = worktree(folder, {"rent.py": SOURCE})
    head = run_git(other, "rev-parse", "HEAD")
    info = path / ".git" / "objects" / "info"
    (info / "alternates").write_text(f"{other / '.git' / 'objects'}\n")
    (path / ".git" / "HEAD").write_text(f"{head}\n")
    return path


# What case 15 has beside one honest file.
ODD_NAMES = (
    *(b"new\nline.py", b"tab\there.py", b"esc\x1b[31mred.py", b"bad\xff\xfe.py"),
    *("bidi\u202eyp.exe.py".encode(), b"cr\rback.py", b"bell\x07.py"),
    *("line\u2028end.py".encode(), "zero\u200bwidth.py".encode(), b"\xed\xa0\x80.py"),
)


def case_15(folder: Path) -> Path:
    """Names with newline, tab, ESC, invalid UTF-8, bidirectional overrides."""
    store = Store(folder / "group-7.git")
    files = {name: SOURCE for name in (*ODD_NAMES, b"rent.py")}
    return store.branch(store.commit(store.tree(store.files(files))))


OPTION_NAMES = (
    *("-rf.py", "--init-hook=x.py", "@file.py", "$(touch it-ran).py", "-.py"),
    *("--.py", ";touch it-ran;.py", "`touch it-ran`.py", "%PATH%.py", "a'b\".py"),
)


def case_16(folder: Path) -> Path:
    """Names that a tool takes for options, response files or commands."""
    store = Store(folder / "group-7.git")
    files = {name.encode(): SOURCE for name in (*OPTION_NAMES, "rent.py")}
    return store.branch(store.commit(store.tree(store.files(files))))


# By the one that is left out: the name that comes before it.
TWINS = {
    "rent.py": "Rent.py",
    "caf\u00e9.py": "cafe\u0301.py",
    "stra\u00dfe.py": "STRASSE.py",
    "src/load.py": "src/Load.py",
    "tools/Load.py": "Tools",
}


def case_17(folder: Path) -> Path:
    """Names that are one on systems without capitals, or that write accents otherwise."""
    store = Store(folder / "group-7.git")
    tools = store.tree(store.files({b"Load.py": SOURCE, b"load.py": b"other = 1\n"}))
    names = (
        *("Rent.py", "rent.py", "caf\u00e9.py", "cafe\u0301.py", "STRASSE.py"),
        *("stra\u00dfe.py", "Tools"),
    )
    entries = [
        *store.files({name.encode(): SOURCE for name in names}),
        (FOLDER, b"src", tools),
        (FOLDER, b"tools", tools),
    ]
    return store.branch(store.commit(store.tree(entries)))


def case_18(folder: Path) -> Path:
    """A name of 303 bytes, and 300 folders in one another."""
    store = Store(folder / "group-7.git")
    tree = store.tree(store.files({b"deep.py": SOURCE}))
    for _ in range(300):
        tree = store.tree([(FOLDER, b"d", tree)])
    wide = store.tree(store.files({b"wide.py": SOURCE}))
    for _ in range(20):
        wide = store.tree([(FOLDER, b"w" * 200, wide)])
    entries = [
        (FOLDER, b"d", tree),
        (FILE, b"n" * 300 + b".py", store.blob(SOURCE)),
        *store.files({b"rent.py": SOURCE}),
        (FOLDER, b"w", wide),
    ]
    return store.branch(store.commit(store.tree(entries)))


AUTHORS = (
    b"<script>alert(1)</script> <x@example.org>",
    b"[link=https://evil.example]Ada[/link] <[/]@example.org>",
    b"{{7*7}} | @octocat #1 <y@example.org>",
    b"\x1b]8;;https://evil.example\x1b\\Ada <z@example.org>",
    b"\xff\xfe\xe2\x80\xaegpj <\xff@example.org>",
    b"=cmd|' /C calc'!A0 <+1@example.org>",
    b" <>",
    b"no address at all",
    b"a" * 100_000 + b" <long@example.org>",
)


def case_19(folder: Path) -> Path:
    """A .mailmap that gives every commit to somebody else, and authors with markup."""
    store = Store(folder / "group-7.git")
    mailmap = b"Grace Hopper <grace@example.org> <x@example.org>\n"
    files = store.files({b".mailmap": mailmap, b"rent.py": SOURCE})
    tree = store.tree(files)
    commits: list[str] = []
    for author in reversed(AUTHORS):
        message = b"<b>" + author[:300] + b"</b>\n\n::error::forged\n"
        commits.append(
            store.commit(tree, author, parents=commits[-1:], message=message)
        )
    return store.branch(commits[-1])


TIMES = (
    (b"0 +0000", 1970),
    (b"4070908800 +0000", 2099),
    (b"1748513520 +9999", 2025),
    (b"1748513520 -0000", 2025),
    (b"-86400 +0000", None),
    (b"99999999999999 +0000", None),
    (b"9" * 5_000 + b" +0000", None),
    (b"yesterday +0200", None),
    (b"1748513520", None),
    (b"", None),
    (b"1748513520 +0200 and more", None),
)


def case_20(folder: Path) -> Path:
    """Commits of 1970, of 2099, and of no time at all; the newest is of 1970."""
    store = Store(folder / "group-7.git")
    tree = store.tree(store.files({b"rent.py": SOURCE}))
    commits: list[str] = []
    for time, _ in reversed(TIMES):
        commits.append(store.commit(tree, time=time, parents=commits[-1:]))
    return store.branch(commits[-1])
