"""The containers as declared: valid by the Compose specification, closed to the outside, no secret inside."""

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import tree
import yaml

COMPOSE: dict[str, Any] = yaml.safe_load((tree.ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (tree.ROOT / "deploy/docker/Dockerfile").read_text()
_SECRETIVE = re.compile(r"password|secret|token|master_key|credential|api_?key", re.IGNORECASE)


def specification() -> dict[str, Any]:
    """The official schema (compose-spec, Apache-2.0) as the package check-jsonschema carries it."""
    path = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_the_specification_accepts_it() -> None:
    schema = specification()
    validator = jsonschema.validators.validator_for(schema)(schema)
    problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(COMPOSE)]
    assert not problems, "\n".join(problems)


def test_the_specification_refuses_nonsense() -> None:
    schema = specification()
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"a": {"image": "b", "prots": ["80:80"]}}}, schema)


def test_the_services_are_the_platform() -> None:
    assert set(SERVICES) == {"postgres", "code", "webserver", "daemon", "mlflow", "dashboard"}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_bound_to_this_machine(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), f"{name} opens {port} to the network"
    assert SERVICES[name].get("network_mode") != "host"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_watched_bounded_and_restrained(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"]
    assert set(service["deploy"]["resources"]["limits"]) >= {"cpus", "memory"}
    assert str(service["user"]).split(":")[0] not in {"root", "0"}
    assert service["cap_drop"] == ["ALL"]
    assert not service.get("privileged")
    assert not service["image"].endswith(":latest")
    assert ":" in service["image"]
    for other, how in service.get("depends_on", {}).items():
        assert other in SERVICES
        assert how == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_it(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        assert not _SECRETIVE.search(variable) or variable.endswith("_FILE"), f"{name}: {variable} is given in clear"
        assert not re.search(r"//[^/@:]+:[^/@]+@", str(value)), f"{name}: {variable} holds a password"
    command = " ".join(map(str, SERVICES[name].get("command", [])))
    assert not re.search(r"//[^/@:]+:[^/@]+@", command), f"{name}: the command holds a password"


def test_secrets_are_files_that_git_never_sees() -> None:
    ignored = (tree.ROOT / ".gitignore").read_text().splitlines()
    in_context = (tree.ROOT / ".dockerignore").read_text().splitlines()
    assert "deploy/secrets/" in ignored
    assert "deploy/secrets" in in_context
    for name, secret in COMPOSE["secrets"].items():
        assert set(secret) == {"file"}, name
        assert secret["file"].startswith("./deploy/secrets/"), name
    used = {one for service in SERVICES.values() for one in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])


def test_the_dashboard_sees_the_published_copies_alone() -> None:
    assert SERVICES["dashboard"]["volumes"] == ["serving:/data/serving:ro"]
    assert SERVICES["dashboard"]["secrets"] == []


def test_what_is_mounted_and_run_is_there() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (tree.ROOT / source).is_file(), f"{name} mounts {source}, which is not there"
            else:
                assert source in COMPOSE["volumes"], f"{name} mounts the undeclared volume {source}"
        for word in [*service.get("command", []), *service["healthcheck"]["test"]]:
            path = str(word).removeprefix("/app/")
            if path.endswith((".py", ".sh", ".yaml")):
                assert (tree.ROOT / path).is_file(), f"{name} runs {path}, which is not there"
    assert (tree.ROOT / SERVICES["code"]["build"]["dockerfile"]).is_file()


def test_the_image_runs_as_nobody_in_particular() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert users[-1] == SERVICES["code"]["user"]
    assert not re.search(r"^(ADD|ARG .*(?:PASSWORD|TOKEN|SECRET))", DOCKERFILE, re.MULTILINE)
    assert "-c constraints.txt" in DOCKERFILE
    entry = re.search(r'ENTRYPOINT \["/bin/sh", "/app/(.+)"\]', DOCKERFILE)
    assert entry
    assert (tree.ROOT / entry[1]).is_file()


def test_dagster_takes_its_password_from_the_environment() -> None:
    instance = yaml.safe_load((tree.ROOT / "deploy/dagster/dagster.yaml").read_text())
    assert instance["storage"]["postgres"]["postgres_db"]["password"] == {"env": "PGPASSWORD"}
    server = yaml.safe_load((tree.ROOT / "deploy/dagster/workspace.yaml").read_text())["load_from"][0]["grpc_server"]
    assert server["host"] in SERVICES
    assert str(server["port"]) in SERVICES["code"]["command"]


def test_every_database_that_is_addressed_is_made() -> None:
    addressed = set(re.findall(r"postgresql(?:\+\w+)?://claimworks@postgres:5432/(\w+)", json.dumps(COMPOSE)))
    instance = yaml.safe_load((tree.ROOT / "deploy/dagster/dagster.yaml").read_text())
    addressed.add(instance["storage"]["postgres"]["postgres_db"]["db_name"])
    script = (tree.ROOT / "deploy/postgres/databases.sql").read_text()
    made = set(re.findall(r"^create database (\w+)", script, re.MULTILINE))
    made.add(SERVICES["postgres"]["environment"]["POSTGRES_DB"])
    assert addressed == made == {"claimworks", "warehouse", "dagster", "mlflow"}


def test_the_warehouse_of_the_containers_is_one_that_bronze_can_be_loaded_into(
    new_database: Callable[..., str],
) -> None:
    """The very script that the image runs, on a real server; a database made without its words may sort otherwise."""
    from sqlalchemy import create_engine

    from claims.warehouse.postgres import connect, require_same_order

    url = new_database()
    script = re.sub(r"^--.*$", "", (tree.ROOT / "deploy/postgres/databases.sql").read_text(), flags=re.MULTILINE)
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in filter(str.strip, script.split(";")):
            connection.exec_driver_sql(statement)
    database = url.partition("/test_")[0] + "/warehouse?" + url.partition("?")[2]
    with connect(database) as warehouse:
        require_same_order(warehouse)
