"""What the scripts of training steps share: options, Adam and the average, the comparison of losses, the clock."""

import argparse
import json
import resource
import sys
import time

import torch

# Shares of burn's losses by which those here may be off.
TOLERANCE = 1e-3


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("state")
    parser.add_argument("squeezenet")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    return args


def adam(network, rate):
    return torch.optim.Adam(network.parameters(), lr=float(rate), betas=(0.9, 0.999), eps=1e-8)


class Average:
    def __init__(self, network):
        self.live = list(network.parameters())
        self.mean = [p.detach().clone() for p in self.live]

    def update(self):
        with torch.no_grad():
            torch._foreach_lerp_(self.mean, self.live, 0.002)


def crop_of(state):
    top, left, size = (int(v) for v in state["crop"])
    return (..., slice(top, top + size), slice(left, left + size))


def measure(step, wanted, args):
    """Compares the first step's losses with `wanted`, times the steps after it and prints one line of JSON."""
    run = torch.compile(step) if args.compile else step
    losses = run().cpu()
    off = (losses - wanted).abs() / wanted.abs()
    if off.max() > TOLERANCE:
        sys.exit(f"losses differ from the project's: {losses.tolist()} against {wanted.tolist()}")
    for _ in range(args.warmup):
        run()
    times = []
    for _ in range(args.steps):
        if args.device.startswith("cuda"):
            torch.cuda.synchronize()
        started = time.perf_counter()
        # Read back, as the project does at the end of a step.
        run().cpu()
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": times, "peak_mib": peak, "losses": losses.tolist(), "torch": torch.__version__}))
