"""Fakes: one twin per port, with real behaviour."""
