"""How a face acts, whoever draws it: visemes, coarticulation, blinks, glances and looks."""
