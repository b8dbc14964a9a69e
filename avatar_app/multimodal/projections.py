"""Trained projections in one safetensors file: the weights, and for what they were trained."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.home import expanded
from avatar_app.multimodal.architect import NeuralArchitect

_KEY = "projections"
_PREFIX = "projections."
_WIDEST = 65_536


class ProjectionShape(BaseModel):
    """One modality of the file."""

    model_config = ConfigDict(extra="forbid")
    source_dim: int = Field(ge=1, le=_WIDEST)
    hidden_dim: int | None = Field(default=None, ge=1, le=_WIDEST)
    tokens: int = Field(default=1, ge=1, le=1024)


class ProjectionFile(BaseModel):
    """What the file says of itself."""

    model_config = ConfigDict(extra="forbid")
    model: str
    """The language model that they were trained for."""
    target_dim: int = Field(ge=1, le=_WIDEST)
    use_layer_norm: bool
    modalities: dict[str, ProjectionShape]


def save_projections(path: Path, architect: NeuralArchitect, model: str) -> None:
    """Write the projections as 16-bit floats, without the attention. `model`: for which language
    model they were trained."""
    shapes = {
        name: ProjectionShape(
            source_dim=each.source_dim, hidden_dim=each.hidden_dim, tokens=each.tokens
        )
        for name, each in architect.projections.items()
    }
    described = ProjectionFile(
        model=model,
        target_dim=architect.target_dim,
        use_layer_norm=architect.use_layer_norm,
        modalities=shapes,
    )
    weights = {
        f"{_PREFIX}{name}": value.detach().half().contiguous()
        for name, value in architect.projections.state_dict().items()
    }
    save_file(weights, path, {_KEY: described.model_dump_json()})


def load_projections(path: str | Path) -> tuple[NeuralArchitect, ProjectionFile]:
    """Return the projections, ready to compute. Raises ModelMissing, InputInvalid."""
    file = expanded(path)
    if not file.is_file():
        raise ModelMissing(f"{file} does not exist.", "Train one: see training/injection.")
    try:
        with safe_open(file, "pt") as opened:
            described = ProjectionFile.model_validate_json((opened.metadata() or {})[_KEY])
            weights = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118 - no mapping
        architect = _built(described)
        architect.projections.load_state_dict(
            {key.removeprefix(_PREFIX): value for key, value in weights.items()}
        )
    except (SafetensorError, ValidationError, KeyError, RuntimeError, OSError) as error:
        raise InputInvalid(
            f"{file} is damaged, or contains no projections.", "Train it again, or copy it again."
        ) from error
    return architect.eval(), described


def _built(described: ProjectionFile) -> NeuralArchitect:
    architect = NeuralArchitect(
        described.target_dim, num_heads=1, use_layer_norm=described.use_layer_norm
    )
    for name, shape in described.modalities.items():
        architect.add_modality(name, **shape.model_dump())
    return architect
