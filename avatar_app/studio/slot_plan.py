"""The steps of one slot: their keys, their variants, and which of them the deadline allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from avatar_app.core.manifest import Kind
from avatar_app.settings.schema import EngineChoice
from avatar_app.studio.actor_step import Source, source_inputs
from avatar_app.studio.export_step import encoding_for
from avatar_app.studio.frames_step import FaceVariant, face_variants, frame_count
from avatar_app.studio.recipe import ClipRecipe, Life
from avatar_app.studio.schedule import PlannedStep, plan
from avatar_app.studio.slot import Workshop
from avatar_app.studio.speech_step import CHARACTERS_PER_SECOND
from avatar_app.studio.work_folder import step_key

_AFTER = {
    "life": ("actor",),
    "frames": ("sound", "actor", "life"),
    "check": ("frames",),
    "export": ("check",),
}


@dataclass(frozen=True, slots=True)
class Names:
    """How each step is done, as measurements name it."""

    sound: str
    actor: str
    life: str
    check: str
    export: str
    size: str

    def frames(self, variant: FaceVariant) -> str:
        return f"{variant.face}{'+detail' if variant.enhanced else ''} {self.size}"


class SlotPlan:
    """Keeps which steps remain and which variants are chosen. Raises DeadlineMissed."""

    def __init__(
        self,
        shop: Workshop,
        recipe: ClipRecipe,
        source: Source,
        voice: EngineChoice,
        *,
        exports: bool,
    ) -> None:
        self._shop, self._recipe = shop, recipe
        output, studio = recipe.output, shop.settings.studio
        size = f"{output.width}x{output.height}"
        encoding = encoding_for(output)
        drawing = f"prompt {studio.image.engine}" if source.prompt else "photo"
        life = recipe.visual.life
        self.names = Names(
            voice.engine,
            drawing,
            str(life),
            studio.verify.engine,
            f"{encoding.codec} {output.quality} {size}",
            size,
        )
        self._faces = {
            variant.name: variant
            for variant in face_variants(
                recipe.visual,
                output,
                is_drawn=bool(source.drawn),
                settings=shop.settings,
                paths=shop.paths,
            )
        }
        for face in self._faces.values():
            kind = Kind.RENDERER if face.is_renderer else Kind.FACE
            if face.face != "auto":
                shop.engines.manifest(kind, face.face)  # an unknown one is refused at once
        actor = source_inputs(source, recipe.visual)
        if source.prompt:
            actor["engines"] = [studio.image.model_dump(), studio.verify.model_dump()]
        heard = {"track": recipe.audio.model_dump(mode="json"), "voice": voice.model_dump()}
        self.keys: Mapping[str, str] = {
            "sound": step_key("sound", heard),
            "actor": step_key("actor", actor),
        }
        self._seconds = len(recipe.audio.script) / CHARACTERS_PER_SECOND / recipe.audio.speed
        self._left = self._steps(source, exports=exports)
        self._choices: Mapping[str, str] = {}
        for name in ("sound", "actor"):
            if name in self._left and shop.results.find(self.keys[name]) is not None:
                self._left.discard(name)

    def replan(
        self, seconds_left: float | None, notices: list[str], without: Collection[str] = ()
    ) -> Mapping[str, str]:
        """Choose the variants of what remains; says what became lighter. `without`: faces that
        failed."""
        steps = self._planned(without)
        choices = plan(steps, _Known(self), seconds_left).choices
        best = {step.name: step.variants[0] for step in steps}
        for step, variant in choices.items():
            if variant != best[step] and self._choices.get(step, best[step]) != variant:
                notices.append(f"The deadline allows “{variant}” instead of “{best[step]}”.")
        self._choices = choices
        return choices

    def face(self, name: str) -> FaceVariant:
        """Return a way to draw the frames by its name."""
        return self._faces[name]

    def has_faces_besides(self, failed: Collection[str]) -> bool:
        """Whether another way to draw the frames is left."""
        return any(name not in failed for name in self._faces)

    def know_length(self, seconds: float) -> None:
        """The speech is there and lasts so long."""
        self._seconds = seconds

    def done(self, step: str) -> None:
        """A step is done."""
        self._left.discard(step)

    def around(self, step: str) -> tuple[float, float | None]:
        """Return the estimated seconds of what follows a step, and those of its quickest lighter
        variant; None where there is none, or nothing is known of it."""
        planned, known = {each.name: each for each in self._planned()}, _Known(self)
        rest = sum(
            each.cost(self._choices.get(name, each.variants[0]), known)
            for name, each in planned.items()
            if _follows(name, step)
        )
        own = planned.get(step)
        if own is None or step not in self._choices:
            return rest, None
        lighter = own.variants[own.variants.index(self._choices[step]) + 1 :]
        costs = [own.cost(name, known) for name in lighter if self.rate(step, name) is not None]
        return rest, min(costs, default=None)

    def rate(self, step: str, variant: str) -> float | None:
        """Return the seconds per unit of a step that were measured here."""
        if step == "frames":
            variant = self.names.frames(self._faces[variant])
        if variant == Life.STILL:
            return 0.0
        return self._shop.ledger.seconds_per_unit(step, variant)

    def _steps(self, source: Source, *, exports: bool) -> set[str]:
        steps = {"sound", "frames", "check"}
        if not source.is_ready:
            steps.add("actor")
        if self._recipe.visual.life is not Life.STILL and not source.drawn:
            steps.add("life")
        return steps | ({"export"} if exports else set())

    def _planned(self, without: Collection[str] = ()) -> list[PlannedStep]:
        frames = float(frame_count(self._seconds, self._recipe.output.fps))
        faces = tuple(name for name in self._faces if name not in without) or tuple(self._faces)
        share = {name: self._faces[name].fps / self._recipe.output.fps for name in faces}
        life = self._recipe.visual.life
        every = {
            "sound": PlannedStep(
                "sound", (self.names.sound,), float(len(self._recipe.audio.script))
            ),
            "actor": PlannedStep("actor", (self.names.actor,), 1.0),
            "life": PlannedStep("life", (str(life), str(Life.STILL)), 1.0, _AFTER["life"]),
            "frames": PlannedStep("frames", faces, frames, _AFTER["frames"], share),
            "check": PlannedStep("check", (self.names.check,), 1.0, _AFTER["check"]),
            "export": PlannedStep("export", (self.names.export,), frames, _AFTER["export"]),
        }
        return [step for name, step in every.items() if name in self._left]


def _follows(name: str, step: str) -> bool:
    """Whether a step comes after another one."""
    above = _AFTER.get(name, ())
    return step in above or any(_follows(each, step) for each in above)


@dataclass(frozen=True, slots=True)
class _Known:
    """The measured costs of a slot's variants: `schedule.Costs`."""

    plan: SlotPlan

    def seconds_per_unit(self, step: str, variant: str) -> float | None:
        return self.plan.rate(step, variant)
