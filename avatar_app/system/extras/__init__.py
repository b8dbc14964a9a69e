"""Extras: packages of optional engines, installed after the program into folders of their own."""
