# SPDX-License-Identifier: Apache-2.0
"""Commands in this process: quicker than one of their own, for those that end before anything is set up for good."""

from __future__ import annotations

import os

from typer.testing import CliRunner, Result

from polyvet.cli import app


def command(*arguments: object, typed: str | None = None, **more: str) -> Result:
    """Run it without settings of whoever runs the tests; `typed` is its standard input, `more` are environment
    variables."""
    env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("POLYVET_")}
    result = CliRunner(env={**env, **more}).invoke(app, [str(argument) for argument in arguments], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(*arguments: object, typed: str | None = None, **more: str) -> str:
    """The one line that the command ends with."""
    result = command(*arguments, typed=typed, **more)
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("polyvet: ")
    return lines[0].removeprefix("polyvet: ")


def made(*arguments: object, typed: str | None = None) -> str:
    """What the command prints when it succeeds."""
    result = command(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return result.stdout
