"""Texts in the languages of their readers, by gettext catalogs."""
