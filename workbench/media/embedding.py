"""An embedding model of the user's own, an ONNX file: how alike two pictures are to it. Needs the extra `embedding`.

What it wants is read from the file: one picture as float32, (1, 3, H, W) or (1, H, W, 3). How bright and how large is
read from a `preprocessor_config.json` beside it, as Hugging Face exports them; else CLIP's own numbers.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import Unavailable
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from PIL import Image

_SIZE = 224
_MEAN, _STD = (0.4815, 0.4578, 0.4082), (0.2686, 0.2613, 0.2758)
#: a model for which this is too much is none for pictures
_LARGEST = 1024


@dataclass(frozen=True)
class _Input:
    name: str
    size: tuple[int, int]
    channels_first: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Embedder:
    """Vectors of pictures, of length 1. The model is loaded when it is first asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._session: Any = None
        self._input: _Input | None = None

    @property
    def name(self) -> str:
        return self.path.stem

    def embed(self, image: Image.Image) -> Any:
        """The vector of a picture. Raises Unavailable with what is wrong with the model."""
        import numpy as np

        session, wanted = self._load()
        width, height = wanted.size[1], wanted.size[0]
        pixels = np.asarray(image.convert("RGB").resize((width, height)), dtype=np.float32) / 255
        pixels = (pixels - np.asarray(wanted.mean, np.float32)) / np.asarray(wanted.std, np.float32)
        batch = (pixels.transpose(2, 0, 1) if wanted.channels_first else pixels)[None]
        try:
            [output, *_] = session.run(None, {wanted.name: batch.astype(np.float32)})
        except Exception as error:  # onnxruntime raises its own of many kinds
            raise self._broken(error) from error
        return _to_length_one(np.asarray(output, dtype=np.float32))

    def _load(self) -> tuple[Any, _Input]:
        with self._lock:
            if self._session is None or self._input is None:
                try:
                    import onnxruntime
                except ImportError:
                    message = N_("{name} needs onnxruntime: pip install onnxruntime")
                    raise Unavailable(Text(message, name=self.path.name)) from None
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = 2
                options.log_severity_level = 4
                try:
                    session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
                    self._input = self._read_input(session.get_inputs())
                except Unavailable:
                    raise
                except Exception as error:  # as above
                    raise self._broken(error) from error
                self._session = session
            return self._session, self._input

    def _read_input(self, inputs: list[Any]) -> _Input:
        shape = list(inputs[0].shape) if len(inputs) == 1 else []
        if len(shape) != 4 or inputs[0].type != "tensor(float)" or 3 not in (shape[1], shape[3]):
            found = ", ".join(f"{i.name} {i.shape}" for i in inputs)
            raise Unavailable(
                Text(N_("{name} takes no single picture, but {found}"), name=self.path.name, found=found[:120])
            )
        first = shape[1] == 3
        told = self._read_preprocessor()
        size = [n if isinstance(n, int) and n > 0 else None for n in (shape[2:] if first else shape[1:3])]
        given = told.get("crop_size") or told.get("size") or _SIZE
        given = next(iter(given.values()), _SIZE) if isinstance(given, dict) else given
        high, wide = (min(n or int(given), _LARGEST) for n in size)
        mean, std = tuple(told.get("image_mean") or _MEAN), tuple(told.get("image_std") or _STD)
        return _Input(inputs[0].name, (high, wide), first, mean, std)

    def _read_preprocessor(self) -> dict[str, Any]:
        try:
            read = json.loads((self.path.parent / "preprocessor_config.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    def _broken(self, error: Exception) -> Unavailable:
        return Unavailable(Text(N_("{name} cannot be used: {why}"), name=self.path.name, why=str(error)[:200]))


def _to_length_one(output: Any) -> Any:
    """One vector: of a sequence its first token, which stands for the whole; of a map its mean."""
    import numpy as np

    vector = output[0]
    if vector.ndim == 2:
        vector = vector[0]
    elif vector.ndim == 3:
        vector = vector.mean(axis=(1, 2))
    vector = vector.reshape(-1)
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
