"""Who a program is in a box with files of its own: the small files in /etc that say so."""

USER = "student"


def account_files(
    user: int, group: int, home: str, *, has_network: bool
) -> dict[str, str]:
    """By their paths; without the network also the names that the box knows itself by."""
    files = {
        "/etc/passwd": f"{USER}:x:{user}:{group}::{home}:/bin/sh\n",
        "/etc/group": f"{USER}:x:{group}:\n",
    }
    if not has_network:
        files["/etc/hosts"] = "127.0.0.1 localhost box\n::1 localhost box\n"
        files["/etc/nsswitch.conf"] = "passwd: files\ngroup: files\nhosts: files\n"
    return files
