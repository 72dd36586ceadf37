"""Azure's own types decide whether a body is right: types of expressions, and everything held against them (D16)."""
