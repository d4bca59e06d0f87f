#!/usr/bin/env python3
"""Makes docs/run.svg: a change of an environment on a terminal of 100 columns.

The picture is the screen of a terminal emulator after a real run of nex on a sandbox:

    cargo build -p nex -p nex-sandbox
    python3 -m venv /tmp/run-svg && /tmp/run-svg/bin/pip install pyte==0.8.2 rich==14.1.0
    /tmp/run-svg/bin/python docs/run_svg.py target/debug
"""

import fcntl
import itertools
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

import pyte
from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 100, 40
SANDBOX = "picture"
ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = "nex bootstrap staging --sandbox"
CHANGES = [
    ("volume_gb = 200", "volume_gb = 250"),
    ("max = 3", "max = 4"),
    ("runner_days = 30", "runner_days = 60"),
    ('min_tls_version = "1.2"', 'min_tls_version = "1.3"'),
]


def changed(text):
    """The reference with a few other values."""
    for old, new in CHANGES:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def run(program, folder):
    """Runs the command on a pseudo terminal, answers its question, and returns the screen."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execv(program, ["nex", "bootstrap", "staging", f"--sandbox={SANDBOX}"])
    size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
    stream.feed(f"$ {COMMAND}\r\n".encode())
    seen = b""
    while True:
        try:
            output = os.read(terminal, 65536)
        except OSError:
            break
        seen += output
        stream.feed(output)
        if b"[y/N] " in seen:
            seen = b""
            os.write(terminal, b"y\n")
    _, status = os.waitpid(child, 0)
    assert status == 0, "\n".join(screen.display)
    return screen


def style(char):
    colour = "" if char.fg == "default" else char.fg.replace("brown", "yellow")
    return f"{'bold ' if char.bold else ''}{colour}".strip()


def line(screen, row):
    """A line of the screen with its colours."""
    text = Text()
    chars = [screen.buffer[row][column] for column in range(COLUMNS)]
    for key, run in itertools.groupby(chars, style):
        text.append("".join(char.data for char in run), key)
    text.rstrip()
    return text


def main():
    programs = (ROOT / sys.argv[1]).resolve()
    nex = str(programs / "nex")
    reference = (ROOT / "environments/staging.toml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "environments/staging.toml"
        file.parent.mkdir()
        file.write_text(reference)
        try:
            build = [nex, "bootstrap", "staging", "--yes", "-q", f"--sandbox={SANDBOX}"]
            subprocess.run(build, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            file.write_text(changed(reference))
            screen = run(nex, folder)
        finally:
            subprocess.run([programs / "nex-sandbox", "down", "--name", SANDBOX], check=False)
    lines = [line(screen, row) for row in range(LINES)]
    while lines and not lines[-1].plain:
        lines.pop()
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))
    for text in lines:
        console.print(text, no_wrap=True, overflow="crop")
    svg = console.export_svg(title=COMMAND)
    # The template of rich loads its font from a CDN: any monospace font serves.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (ROOT / "docs/run.svg").write_text(svg.replace("Fira Code", "ui-monospace"))


if __name__ == "__main__":
    main()
