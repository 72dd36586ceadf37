"""A stand-in for Microsoft's Bicep compiler: the part of the language that yields ARM languageVersion 1.0.

It lowers that part exactly as the real compiler does and refuses the rest by name, file, line and column.
"""
