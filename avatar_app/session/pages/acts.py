"""What a button does with a page."""

from __future__ import annotations

from avatar_app.core.builds import PageAct
from avatar_app.session.pages.workshop import PageWorkshop


def act_on(pages: PageWorkshop, act: PageAct) -> None:
    """Do what a button says. May take a moment; raises AvatarError."""
    match act:
        case PageAct.SHOW:
            pages.show()
        case PageAct.STOP:
            pages.stop()
        case PageAct.UNDO:
            pages.undo_step()
        case PageAct.RESUME:
            pages.resume()
        case PageAct.LEAVE:
            pages.leave()
