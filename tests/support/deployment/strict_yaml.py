"""YAML as a deployment file may hold it: no key twice, no tags."""

from typing import Any

import yaml


class UnresolvedError(ValueError):
    """A file refers to something that it does not have."""


class StrictLoader(yaml.CSafeLoader):
    """A loader that refuses what ROS and Serverless Devs would read otherwise."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT002 - PyYAML's signature
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"twice: {', '.join(sorted(twice))}", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def load(text: str) -> Any:
    """Return what a deployment file says.

    Raises:
        yaml.YAMLError: It is not YAML, or not strictly.
    """
    return yaml.load(text, StrictLoader)  # noqa: S506 - a safe loader
