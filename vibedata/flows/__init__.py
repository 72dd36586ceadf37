"""Verbs: one file per use case. A flow gets its ports as keywords and never imports another flow."""
