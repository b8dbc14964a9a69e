"""Facial animation shared by faces: visemes, coarticulation, blinks, glances and expressions."""
