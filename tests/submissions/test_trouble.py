"""What git prints, and what it is taken for.

Recorded from git 2.39 and ssh where a server could be had to provoke it; the words of GitHub,
of single sign-on and of later versions are written down as they are known.
"""

import pickle

import pytest

from grader.submissions.trouble import DELAYS, Asked, CloneTrouble, trouble

HTTPS = Asked("https://github.com/g/p", "github.com", ("MLOPS_X", "GITHUB_TOKEN"), None)
WITH_TOKEN = Asked(HTTPS.url, HTTPS.host, HTTPS.variables, "GITHUB_TOKEN")
SSH = Asked("git@github.com:g/p", "github.com", (), None)

_ACCESS = "fatal: unable to access 'https://github.com/g/p/': "
_SSH_END = (
    "fatal: Could not read from remote repository.\n\nPlease make sure you have the "
    "correct access rights\nand the repository exists.\n"
)
_BROKEN_OFF = (
    "fetch-pack: unexpected disconnect while reading sideband packet\n"
    "fatal: early EOF\nfatal: fetch-pack: invalid index-pack output\n"
)
_NOT_FOUND = "fatal: repository 'https://github.com/g/p/' not found\n"
_REFUSED = "fatal: Authentication failed for 'https://github.com/g/p/'\n"


@pytest.mark.parametrize(
    ("asked", "said", "cause"),
    [
        (HTTPS, f"remote: Repository not found.\n{_NOT_FOUND}", "private-or-gone"),
        (HTTPS, _REFUSED, "private-or-gone"),
        (
            HTTPS,
            "fatal: could not read Username for 'https://github.com': terminal prompts "
            "disabled\n",
            "private-or-gone",
        ),
        (WITH_TOKEN, _NOT_FOUND, "private-or-gone"),
        (WITH_TOKEN, f"remote: Invalid username or token.\n{_REFUSED}", "refused"),
        (
            WITH_TOKEN,
            "remote: The 'org' organization has enabled or enforced SAML SSO.\n"
            f"{_ACCESS}The requested URL returned error: 403\n",
            "forbidden",
        ),
        (HTTPS, f"{_ACCESS}The requested URL returned error: 429\n", "rate-limited"),
        (HTTPS, f"{_ACCESS}The requested URL returned error: 502\n", "server"),
        (HTTPS, f"{_ACCESS}The requested URL returned error: 410\n", "private-or-gone"),
        (HTTPS, f"{_ACCESS}The requested URL returned error: 301\n", "redirected"),
        (
            HTTPS,
            "error: RPC failed; HTTP 504 curl 22 The requested URL returned error: 504\n"
            "fatal: expected 'packfile'\n",
            "server",
        ),
        (
            HTTPS,
            "error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec "
            f"transferred the last 60 seconds\n{_BROKEN_OFF}",
            "timed-out",
        ),
        (
            HTTPS,
            "error: RPC failed; curl 18 transfer closed with outstanding read data "
            f"remaining\n{_BROKEN_OFF}",
            "connection",
        ),
        (
            HTTPS,
            f"error: 8151 bytes of body are still expected\n{_BROKEN_OFF}",
            "connection",
        ),
        (
            HTTPS,
            f"{_ACCESS}GnuTLS recv error (-110): The TLS connection was non-properly "
            "terminated.\n",
            "connection",
        ),
        (
            HTTPS,
            f"{_ACCESS}Failed to connect to github.com port 443 after 0 ms: Couldn't "
            "connect to server\n",
            "connection",
        ),
        (
            HTTPS,
            f"{_ACCESS}Failed to connect to github.com port 443 after 130000 ms: "
            "Connection timed out\n",
            "timed-out",
        ),
        (HTTPS, f"{_ACCESS}Could not resolve host: github.com\n", "host-unknown"),
        (
            HTTPS,
            f"{_ACCESS}server certificate verification failed. CAfile: none CRLfile: "
            "none\n",
            "certificate",
        ),
        (
            HTTPS,
            f"{_ACCESS}SSL: certificate subject name (localhost) does not match target "
            "host name '127.0.0.1'\n",
            "certificate",
        ),
        (
            HTTPS,
            f"{_ACCESS}SSL certificate problem: certificate has expired\n",
            "certificate",
        ),
        (
            HTTPS,
            "fatal: https://github.com/g/p/info/refs not valid: is this a git "
            "repository?\n",
            "not-a-repository",
        ),
        (
            HTTPS,
            f"error: object {'a' * 40}: missingTree: invalid format - expected 'tree' "
            "line\nfatal: fsck error in packed object\nfatal: fetch-pack: invalid "
            "index-pack output\n",
            "damaged",
        ),
        (
            HTTPS,
            "fatal: write error: No space left on device\nfatal: fetch-pack: invalid "
            "index-pack output\n",
            "disk-full",
        ),
        (
            HTTPS,
            "error: index-pack died of signal 25\nfatal: fetch-pack: invalid "
            "index-pack output\n",
            "too-large",
        ),
        (SSH, f"ERROR: Repository not found.\n{_SSH_END}", "private-or-gone"),
        (SSH, f"git@github.com: Permission denied (publickey).\n{_SSH_END}", "refused"),
        (SSH, f"Host key verification failed.\n{_SSH_END}", "host-key"),
        (
            SSH,
            "ssh: Could not resolve hostname github.com: Name or service not known\n"
            + _SSH_END,
            "host-unknown",
        ),
        (
            SSH,
            "ssh: connect to host github.com port 22: Connection refused\n" + _SSH_END,
            "connection",
        ),
        (
            SSH,
            "ssh: connect to host github.com port 22: Connection timed out\n"
            + _SSH_END,
            "timed-out",
        ),
        (
            SSH,
            "kex_exchange_identification: Connection closed by remote host\n"
            + _SSH_END,
            "connection",
        ),
        (HTTPS, "fatal: something new\n", "other"),
        (HTTPS, "", "other"),
    ],
)
def test_each_of_git_s_sentences_has_its_cause_and_a_remedy(
    asked: Asked, said: str, cause: str
) -> None:
    found = trouble(asked, said)
    assert found.cause == cause, found.message
    assert found.message.startswith(f"cloning {asked.url} failed: ")
    assert found.message.endswith(".") and found.message.isprintable()
    assert found.hint.endswith((".", "known_hosts", "@github.com"))


def test_what_will_not_pass_is_not_waited_for() -> None:
    for cause in ("private-or-gone", "refused", "forbidden", "damaged", "certificate"):
        assert cause not in DELAYS
    assert all(len(delays) <= 2 for delays in DELAYS.values())


def test_without_a_token_the_variables_are_named_and_with_one_the_one_used() -> None:
    assert "MLOPS_X or GITHUB_TOKEN" in trouble(HTTPS, _NOT_FOUND).hint
    assert "the token in GITHUB_TOKEN" in trouble(WITH_TOKEN, _NOT_FOUND).hint
    assert "ssh key" in trouble(SSH, f"ERROR: Repository not found.\n{_SSH_END}").hint


@pytest.mark.parametrize(
    "forged",
    [
        "remote: fatal: unable to access: The requested URL returned error: 429\n",
        "remote: fine\x0bCould not resolve host: x\rConnection reset\n",
        "fatal: remote error: no\nHost key verification failed.\n",
    ],
)
def test_a_server_s_words_do_not_count_as_git_s(forged: str) -> None:
    found = trouble(HTTPS, forged + _NOT_FOUND)
    assert found.cause in ("private-or-gone", "other")
    assert found.cause not in DELAYS


def test_a_trouble_comes_whole_out_of_another_process() -> None:
    found = trouble(WITH_TOKEN, _NOT_FOUND)
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(again, CloneTrouble)
    assert vars(again) == vars(found)
    assert str(again) == str(found)


def test_terminal_commands_are_taken_out_and_the_rest_is_escaped() -> None:
    said = "remote: \x1b[31mred\x1b[0m\x1b]0;t\x07 \x1b[2J\x07bell \u202etxt\n"
    found = trouble(HTTPS, said + _NOT_FOUND)
    assert '"red \\x07bell \\u202etxt"' in found.message
