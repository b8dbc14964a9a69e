"""Tools of other programs, by the Model Context Protocol: chosen by the user, and never trusted.

Importing it does not load the protocol's library: that takes seconds, and happens with the first
call.
"""
