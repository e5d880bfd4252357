"""The two roles of networks."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["ROLES", "RoleName"]

RoleName: TypeAlias = Literal["encoder", "decoder"]
ROLES: tuple[RoleName, RoleName] = ("encoder", "decoder")
