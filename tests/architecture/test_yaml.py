"""No key stands twice in a map of a YAML file: the reader would keep the last one and drop the others unsaid."""

from typing import Any

import pytest
import tree
import yaml


class _Strict(yaml.CSafeLoader):
    """Refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key, _ in node.value:
            if keys.count(key.value) > 1:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value!r} stands twice")
        return super().construct_mapping(node, deep=deep)


def test_no_key_stands_twice() -> None:
    sins = []
    for path in tree.files():
        if path.suffix in {".yml", ".yaml"}:
            try:
                list(yaml.load_all((tree.ROOT / path).read_bytes(), Loader=_Strict))
            except ValueError as error:
                sins.append(f"{path}: {error}")
    assert not sins


def test_a_key_that_stands_twice_is_seen() -> None:
    with pytest.raises(ValueError, match="line 1: 'a' stands twice"):
        yaml.load("a: 1\nb: 2\na: 3\n", Loader=_Strict)  # noqa: S506 - a safe loader's child
