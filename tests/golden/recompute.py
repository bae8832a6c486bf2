"""Recomputes the golden activations of the project's f16 weights, in float64 and with nothing but numpy.

    python3 tests/golden/recompute.py

It shares no code with the Rust networks, so that the two check each other. Reads models/*.safetensors, writes
tests/golden/golden.safetensors. The input is a pattern: x[c, i, j] = (31 i + 17 j + 101 c) mod 256, 64x64 for SqueezeNet and
96x96 for EfficientNet-Lite0, with each network's own normalisation.
"""

import json
import pathlib
import struct

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    types = {"F16": "<f2", "F32": "<f4"}
    return {
        name: np.frombuffer(data[8 + length :][slice(*at["data_offsets"])], types[at["dtype"]]).astype(np.float64).reshape(at["shape"])
        for name, at in header.items()
    }


def write(path, tensors, metadata):
    header, blobs, place = {"__metadata__": metadata}, [], 0
    for name, values in sorted(tensors.items()):
        blob = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [place, place + len(blob)]}
        blobs.append(blob)
        place += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def pattern(side):
    c, i, j = np.ogrid[:3, :side, :side]
    return ((31 * i + 17 * j + 101 * c) % 256).astype(np.float64)


def windows(x, kernel, stride):
    """[channels, h, w] -> [channels, h', w', kernel, kernel]"""
    return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]


def conv(x, weights, name, stride=1, padding=((0, 0), (0, 0)), depthwise=False):
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    seen = windows(np.pad(x, ((0, 0), *padding)), weight.shape[-1], stride)
    rule = "chwkl,ckl->chw" if depthwise else "chwkl,ockl->ohw"
    return np.einsum(rule, seen, weight[:, 0] if depthwise else weight, optimize=True) + bias[:, None, None]


def relu(x):
    return np.maximum(x, 0)


def squeezenet(weights):
    one = ((1, 1), (1, 1))

    def pool(x):
        return windows(x, 3, 2).max(axis=(3, 4))

    def fire(x, name):
        x = relu(conv(x, weights, f"{name}.squeeze1x1"))
        return np.concatenate([relu(conv(x, weights, f"{name}.expand1x1")), relu(conv(x, weights, f"{name}.expand3x3", padding=one))])

    x = pattern(64) - np.array([123.68, 116.779, 103.939])[:, None, None]
    out = {}
    x = out["pool1"] = pool(relu(conv(x, weights, "conv1", stride=2)))
    x = out["fire3"] = fire(fire(x, "fire2"), "fire3")
    x = out["fire5"] = fire(fire(pool(x), "fire4"), "fire5")
    x = fire(fire(pool(x), "fire6"), "fire7")
    x = out["fire9"] = fire(fire(x, "fire8"), "fire9")
    out["scores"] = relu(conv(x, weights, "conv10")).mean(axis=(1, 2))
    return {f"squeezenet.{name}": values[None] for name, values in out.items()}


def efficientnet(weights):
    def same(x, name, kernel, stride, depthwise=False):
        total = [max((-(-n // stride) - 1) * stride + kernel - n, 0) for n in x.shape[1:]]
        return conv(x, weights, name, stride, [(t // 2, t - t // 2) for t in total], depthwise)

    def relu6(x):
        return np.clip(x, 0, 6)

    stages = [(1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80)]
    stages += [(3, 5, 1, 6, 80, 112), (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320)]
    x = relu6(same((pattern(96) - 127) / 128, "stem", 3, 2))
    block = 0
    for repeats, kernel, stride, expand, inputs, outputs in stages:
        for repeat in range(repeats):
            name = f"blocks.{block}"
            y = relu6(conv(x, weights, f"{name}.expand")) if expand > 1 else x
            y = relu6(same(y, f"{name}.depthwise", kernel, stride if repeat == 0 else 1, depthwise=True))
            y = conv(y, weights, f"{name}.project")
            x = y + x if repeat > 0 else y
            if repeat == 0 and stride == 1 and inputs == outputs:
                raise ValueError("a first block with a residual: not in this network")
            block += 1
    pooled = relu6(conv(x, weights, "head")).mean(axis=(1, 2))
    logits = weights["classifier.weight"] @ pooled + weights["classifier.bias"]
    return {"efficientnet.pooled": pooled[None], "efficientnet.logits": logits[None]}


golden = squeezenet(read(ROOT / "models/squeezenet.safetensors")) | efficientnet(read(ROOT / "models/efficientnet_lite0.safetensors"))
write(ROOT / "tests/golden/golden.safetensors", golden, {"made_by": "tests/golden/recompute.py, float64, f16 weights"})
for name, values in golden.items():
    print(name, values.shape, "max", np.abs(values).max())
