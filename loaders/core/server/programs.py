"""Run programs as the owner of a cluster."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loaders.core.errors import Problem


@dataclass(frozen=True)
class ProgramResult:
    """The outcome of a program: whether it succeeded, and its output."""

    ok: bool
    out: str
    err: str

    def check(self, action: str) -> None:
        """Raise a Problem with the program's output if it failed."""
        if not self.ok:
            reason = " ".join((self.err or self.out).split()) or "it printed no reason"
            raise Problem(f"could not {action}: {reason}")


def execute(
    command: Sequence[str],
    owner: str,
    environment: Mapping[str, str],
    inherited: tuple[int, ...] = (),
) -> ProgramResult:
    """Run a program as `owner`, where this process is root, and with this environment only.

    inherited: file descriptors that it keeps open.
    """
    ids = pwd.getpwnam(owner)
    become: dict[str, object] = {}
    if os.geteuid() == 0:
        become = {"user": ids.pw_uid, "group": ids.pw_gid, "extra_groups": []}
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=inherited,
        **become,
    )
    return ProgramResult(done.returncode == 0, done.stdout, done.stderr)


def become(owner: str) -> None:
    """Give up root's rights for those of `owner`, and leave the current folder."""
    os.chdir("/")
    if os.geteuid() == 0:
        user = pwd.getpwnam(owner)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
