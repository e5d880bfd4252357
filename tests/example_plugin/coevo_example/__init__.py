"""Plug-ins for Coevo: copy what you need."""

__all__: list[str] = []
