"""llama.cpp's own server on a tiny model with random weights, made on the spot: the words are noise, the protocol is
real.

``python -m tests.providers.llama_server FOLDER`` makes the model in FOLDER, prints the server's address and serves
until its standard input closes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np

DIM, HEADS, LAYERS, HIDDEN, CONTEXT = 64, 4, 2, 128, 512
TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def make_model(path: Path) -> None:
    """A llama of two layers over bytes: an SPM vocabulary of three specials, 256 bytes and the printable characters."""
    rng = np.random.default_rng(7)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("noise")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(DIM)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(DIM // HEADS)
    kinds = gguf.TokenType
    tokens = [(b"<unk>", kinds.UNKNOWN), (b"<s>", kinds.CONTROL), (b"</s>", kinds.CONTROL)]
    tokens += [(f"<0x{byte:02X}>".encode(), kinds.BYTE) for byte in range(256)]
    tokens += [("▁".encode(), kinds.NORMAL), *((bytes([c]), kinds.NORMAL) for c in range(0x21, 0x7F))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([t for t, _ in tokens])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([int(k) for _, k in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_chat_template(TEMPLATE)
    shapes = {"token_embd": (len(tokens), DIM), "output_norm": (DIM,), "output": (len(tokens), DIM)}
    for n in range(LAYERS):
        shapes |= {f"blk.{n}.{w}": (DIM, DIM) for w in ("attn_q", "attn_k", "attn_v", "attn_output")}
        shapes |= {
            f"blk.{n}.ffn_gate": (HIDDEN, DIM),
            f"blk.{n}.ffn_up": (HIDDEN, DIM),
            f"blk.{n}.ffn_down": (DIM, HIDDEN),
        }
        shapes |= {f"blk.{n}.attn_norm": (DIM,), f"blk.{n}.ffn_norm": (DIM,)}
    for name, shape in shapes.items():
        weights = np.ones(shape) if "norm" in name else rng.normal(0, 0.05, shape)
        _lean(name, weights, [token for token, _ in tokens])
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _lean(name: str, weights: np.ndarray[Any, Any], tokens: list[bytes]) -> None:
    """Let it like three letters best and, at a temperature, end its sentence or its string by and by.

    The first dimension of every token is the same large number, so the first weight of an output decides how often.
    """
    if name == "token_embd":
        weights[:, 0] = 3.0
    elif name == "output":
        weights *= 0.2
        weights[:, 0] = 0.0
        for token, liking in {b"a": 0.65, b"b": 0.65, b"c": 0.65, b"</s>": 0.35, b'"': 0.55}.items():
            weights[tokens.index(token), 0] = liking


def main(folder: Path) -> None:
    import xllamacpp

    path = folder / "noise.gguf"
    make_model(path)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {"noise"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.warmup = False
    params.use_jinja = True
    params.ui = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
