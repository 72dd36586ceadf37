"""The Vibedata operations engine: nouns, verbs, entrances, hands (docs/architecture.md)."""

__version__ = "0.1.0"
