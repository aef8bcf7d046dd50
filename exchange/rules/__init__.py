"""Rules of other systems in our language and back: parsed into our syntax tree with their names, translated by tables, printed."""
