"""A private, local desktop application in which a person talks with a face."""

__version__ = "0.1.0"
