"""`claimworks serve`: a server in the foreground, on 127.0.0.1 unless told otherwise.

Belongs here: starting the servers with the environment they need. Does not belong here: the servers.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.exits import CommandError
from orchestration.lib import console
from orchestration.settings import ROOT, get_settings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

Host = Annotated[str, typer.Option(help="Address to listen on")]


@app.callback()
def serve() -> None:
    """Serve the dashboard or Dagster in the foreground; Ctrl-C ends it."""


@app.command()
def dagster(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(min=1, max=65535, help="Port")] = 3000) -> None:
    """Dagster's web server and daemon on the instance of CLAIMWORKS_HOME.

    \b
    Examples:
      claimworks serve dagster
      claimworks serve dagster --port 3333
    """
    from orchestration.lib.instance import prepare_instance

    settings = get_settings()
    prepare_instance(settings)
    console.stderr().print(f"Dagster at http://{host}:{port}")
    words = ["dagster", "dev", "--workspace", str(ROOT / "workspace.yaml"), "--host", host, "--port", str(port)]
    _run(words)


@app.command()
def dashboard(
    host: Host = "127.0.0.1", port: Annotated[int, typer.Option(min=1, max=65535, help="Port")] = 8501
) -> None:
    """The Streamlit dashboard on the published copies of CLAIMWORKS_HOME.

    \b
    Examples:
      claimworks serve dashboard
      claimworks serve dashboard --port 8600
    """
    settings = get_settings()
    if not any(settings.serving.glob("*.duckdb")):
        raise CommandError(f"nothing is published in {settings.serving} yet", fix="run `claimworks demo` first")
    os.environ["CLAIMWORKS_HOME"] = str(settings.home)
    console.stderr().print(f"Dashboard at http://{host}:{port}")
    app_file = str(ROOT / "dashboards" / "app.py")
    options = ["--server.address", host, "--server.port", str(port), "--server.headless", "true"]
    _run(["streamlit", "run", app_file, *options])


def _run(words: list[str]) -> None:
    """Run a program of this environment until it ends, whether or not the environment is activated."""
    folder = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run([str(folder / words[0]), *words[1:]], cwd=ROOT, env=environment, check=False)
    except KeyboardInterrupt:
        return
    if done.returncode not in (0, 130):
        raise CommandError(f"{words[0]} ended with {done.returncode}")
