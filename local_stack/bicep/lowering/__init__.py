"""From a bound file to an ARM template, by the rules of Microsoft's compiler for languageVersion 1.0."""
