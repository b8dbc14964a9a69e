"""Deleted models: moved to a trash folder within the models' folder, and restored by undo."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from avatar_app.core.errors import InputInvalid
from avatar_app.models.catalog import Model
from avatar_app.models.errors import of_disk
from avatar_app.models.store import Store

FOLDER = ".deleted"
"""In the models' folder: on the same disk, so that moving takes no time; no id begins so."""


@dataclass(frozen=True, slots=True)
class ModelTrash:
    """The folder itself is the record: what lies in it can be restored until `purge`."""

    store: Store

    def put(self, model: Model) -> None:
        """Move the model's folder to the trash; replaces an earlier deletion of it.

        Raises InputInvalid if nothing of it is installed, ConfigInvalid while it is being
        downloaded, DiskFailed if the disk refuses.
        """
        folder, deleted = self.store.folder(model), self.store.root / FOLDER / model.id
        if not folder.exists():
            raise InputInvalid(f"{model.title} is not installed.", "Nothing is to be deleted.")
        try:
            with self.store.lock(model):
                deleted.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(deleted, ignore_errors=True)
                os.replace(folder, deleted)
        except OSError as error:
            raise of_disk(error) from error

    def restore(self, model: Model) -> None:
        """Put the model back. Raises InputInvalid if it is gone for good or came again since."""
        folder, deleted = self.store.folder(model), self.store.root / FOLDER / model.id
        if not deleted.exists() or folder.exists():
            raise InputInvalid(f"{model.title} cannot be brought back.", "Download it again.")
        try:
            os.replace(deleted, folder)
        except OSError as error:
            raise of_disk(error) from error

    def held(self) -> dict[str, int]:
        """The models that can be restored, by id, and the bytes each keeps from being free."""
        return {
            folder.name: sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
            for folder in sorted((self.store.root / FOLDER).glob("*"))
        }

    def purge(self) -> None:
        """Delete the trash for good."""
        shutil.rmtree(self.store.root / FOLDER, ignore_errors=True)
