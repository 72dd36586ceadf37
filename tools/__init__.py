"""Tools of this checkout: nothing here ships."""
