"""Inverts one picture at 224 in PyTorch, from what `peer inversion` wrote: checks the output, then times it.

    python torch_inversion.py STATE.safetensors SQUEEZENET.safetensors FIRE5.safetensors FEATURE_SCALE --runs 20 [--compile]

Prints one line of JSON.
"""

import argparse
import json
import sys
import time

import torch
from safetensors.torch import load_file

from export_onnx import inversion


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("squeezenet")
    parser.add_argument("fire5")
    parser.add_argument("scale")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    state = load_file(args.state)
    network = inversion(args.squeezenet, args.fire5, args.scale)
    network = torch.compile(network) if args.compile else network
    with torch.inference_mode():
        off = (network(state["picture"]) - state["inversion"]).abs().max()
        if off > 1e-3:
            sys.exit(f"the inversion differs from the project's by {off}")
        times = []
        for _ in range(args.runs + 3):
            started = time.perf_counter()
            network(state["picture"])
            times.append(time.perf_counter() - started)
    print(json.dumps({"seconds": times[3:], "torch": torch.__version__}))


if __name__ == "__main__":
    main()
