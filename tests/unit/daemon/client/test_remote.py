"""Addresses of servers, and what the end of an ssh means; both without any ssh."""

from __future__ import annotations

import subprocess
import sys

import pytest

from daemon.client.diagnosis import SSH_FAILED
from daemon.client.remote import SshHost, parse_host
from daemon.errors import (
    BadRequestError,
    ConnectionLostError,
    DaemonUnreachableError,
    HostRefusedError,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("ssh://gpu", SshHost(host="gpu")),
        ("ssh://gpu/", SshHost(host="gpu")),
        ("ssh://alice@gpu", SshHost(host="gpu", user="alice")),
        ("ssh://GPU:2222", SshHost(host="GPU", port=2222)),
        ("ssh://a@10.0.0.7:22/v", SshHost(host="10.0.0.7", user="a", port=22, workspace="/v")),
        ("ssh://gpu/~/my%20voices/", SshHost(host="gpu", workspace="~/my voices")),
        ("ssh://gpu/~bob/voices", SshHost(host="gpu", workspace="~bob/voices")),
        ("ssh://[fe80::1]:22", SshHost(host="fe80::1", port=22)),
        ("ssh://gpu/srv/声音", SshHost(host="gpu", workspace="/srv/声音")),
    ],
)  # fmt: skip
def test_an_address_is_read(text: str, host: SshHost) -> None:
    assert parse_host(text, {}) == host
    assert parse_host(host.url, {}) == host


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpu", "no scheme"),
        ("user@gpu:22", "no scheme"),
        ("http://gpu", "http:// is not understood"),
        ("ssh://", "names no host"),
        ("ssh:///srv/voices", "names no host"),
        ("ssh://alice:secret@gpu", "password"),
        ("ssh://gpu:port", "Port could not be cast"),
        ("ssh://gpu:99999", "Port out of range"),
        ("ssh://gpu:0", "port 0"),
        ("ssh://gpu/a?b", "no ? or #"),
        ("ssh://-oProxyCommand=touch%20x", "no name of a host"),
        ("ssh://-oProxyCommand=x@gpu", "no name of a host"),
        ("ssh://gpu;reboot", "no name of a host"),
        ("ssh://gpu/a%0Ab", "cannot be shown"),
        ("ssh://[gpu", "Invalid IPv6"),
    ],
)
def test_what_is_wrong_with_an_address_is_named(text: str, said: str) -> None:
    with pytest.raises(BadRequestError) as raised:
        parse_host(text, {})
    assert said in raised.value.message
    assert raised.value.fix


def test_the_environment_names_both_commands() -> None:
    environ = {
        "YINFANG_REMOTE_COMMAND": "/opt/y/bin/yinfang",
        "YINFANG_SSH_COMMAND": "ssh -F 'my config'",
    }
    command = parse_host("ssh://a@gpu:22/~/my%20voices", environ).command("dial-stdio")
    assert command[:3] == ["ssh", "-F", "my config"]
    assert command[-5:] == [
        "-p", "22", "--", "a@gpu", "/opt/y/bin/yinfang --workspace '~/my voices' dial-stdio",
    ]  # fmt: skip
    with pytest.raises(BadRequestError, match="YINFANG_SSH_COMMAND: No closing quotation"):
        parse_host("ssh://gpu", {"YINFANG_SSH_COMMAND": "ssh 'x"})


def test_nobody_is_asked_where_nobody_attends() -> None:
    assert "BatchMode=yes" in parse_host("ssh://gpu", {}, attended=False).command("dial-stdio")
    assert "BatchMode=yes" not in parse_host("ssh://gpu", {}).command("dial-stdio")


HOST = SshHost(host="gpu", user="alice", workspace="/srv/voices")
NO_DAEMON = "yinfang: no daemon answers for /srv/voices\n  fix: run `yinfang up -d`\n"
NO_WORKSPACE = (
    "yinfang: /srv/voices is not a workspace (it has no config.toml): "
    "run `yinfang init /srv/voices`\n"
)


@pytest.mark.parametrize(
    ("code", "words", "kind", "said", "fix"),
    [
        (SSH_FAILED, "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nHost key verification "
         "failed.\n", HostRefusedError, "has changed", "`ssh alice@gpu`"),
        (SSH_FAILED, "Host key verification failed.\n", HostRefusedError, "is not known here",
         "`ssh alice@gpu` once"),
        (SSH_FAILED, "alice@gpu: Permission denied (publickey).\n", HostRefusedError,
         "Permission denied (publickey)", "ssh-add"),
        (SSH_FAILED, "/home/a/.ssh/config: line 3: Bad configuration option: prot\n",
         HostRefusedError, "line 3: Bad configuration option", "~/.ssh/config"),
        (SSH_FAILED, "ssh: connect to host gpu port 22: Connection refused\n",
         DaemonUnreachableError, "cannot be reached: ssh: connect to host gpu", ""),
        (SSH_FAILED, "ssh: Could not resolve hostname gpu: Name or service not known\n",
         DaemonUnreachableError, "Could not resolve hostname", ""),
        (SSH_FAILED, "", DaemonUnreachableError, "without a word", ""),
        (127, "bash: line 1: yinfang: command not found\n", HostRefusedError,
         "'yinfang' is not on the PATH", "YINFANG_REMOTE_COMMAND"),
        (126, "bash: /opt: Is a directory\n", HostRefusedError, "Is a directory",
         "YINFANG_REMOTE_COMMAND"),
        (3, NO_DAEMON, DaemonUnreachableError, "alice@gpu: no daemon answers for /srv/voices",
         "`yinfang --host ssh://alice@gpu/srv/voices up` starts it"),
        (2, NO_WORKSPACE, HostRefusedError, "/srv/voices is not a workspace", "after the host"),
        (1, "Traceback (most recent call last):\nModuleNotFoundError: No module named 'typer'\n",
         HostRefusedError, "No module named 'typer'", "--version` must work"),
        (0, "", ConnectionLostError, "on alice@gpu ended the connection", "status"),
        (None, "", ConnectionLostError, "on alice@gpu ended the connection", "status"),
    ],
)  # fmt: skip
def test_the_end_of_an_ssh_is_one_clear_line(
    code: int | None, words: str, kind: type[Exception], said: str, fix: str
) -> None:
    error = HOST.why_ended(code, words)
    assert type(error) is kind
    assert said in error.message
    assert "\n" not in error.message
    assert fix in error.fix


def test_commands_that_wait_do_not_load_an_event_loop() -> None:
    program = "import daemon.client, daemon.client.remote, sys; print('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"
