"""The whole DeePSiM training step in PyTorch, from the state that `peer step` wrote: checks its losses, then times it.

    python torch_step.py STATE.safetensors SQUEEZENET.safetensors --steps 5 [--compile] [--threads 2] [--device cpu]

Prints one line of JSON.
"""

import argparse
import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import networks

IMAGE_MEAN_SQUARE = 0.25
FEATURE_LAYERS = ["fire5", "fire9"]


def main():
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

    device = torch.device(args.device)
    state = load_file(args.state)
    squeezenet = networks.load(networks.SqueezeNet(), load_file(args.squeezenet)).to(device).requires_grad_(False)
    inverter = networks.load(networks.Inverter(), state, "inverter.").to(device)
    discriminator = networks.load(networks.Discriminator(), state, "discriminator.").to(device)
    pictures = state["pictures"].to(device)
    top, left, size = (int(v) for v in state["crop"])
    scales = dict(zip(FEATURE_LAYERS, state["scales"].tolist()))
    adam = dict(lr=float(state["learning_rate"]), betas=(0.9, 0.999), eps=1e-8)
    inverter_adam = torch.optim.Adam(inverter.parameters(), **adam)
    discriminator_adam = torch.optim.Adam(discriminator.parameters(), **adam)
    average = [p.detach().clone() for p in inverter.parameters()]
    crop = (..., slice(top, top + size), slice(left, left + size))

    def step():
        with torch.no_grad():
            features = squeezenet(pictures, "fire5")["fire5"] / scales["fire5"]
            wanted = squeezenet(pictures[crop], "fire9")
        inverted = inverter(features)
        discriminator.requires_grad_(False)
        logits = discriminator(inverted, features)
        found = squeezenet(inverted[crop], "fire9")
        image = (inverted - pictures).square().mean() / IMAGE_MEAN_SQUARE
        errors = [((found[layer] - wanted[layer]) / scales[layer]).square().mean() for layer in FEATURE_LAYERS]
        feature = sum(errors) / len(errors)
        adversarial = F.softplus(-logits).mean()
        discriminator.requires_grad_(True)
        real = F.softplus(-discriminator(pictures, features)).mean()
        fake = F.softplus(discriminator(inverted.detach(), features)).mean()
        discriminator_adam.zero_grad()
        (real + fake).backward()
        inverter_adam.zero_grad()
        (image + feature + 0.02 * adversarial).backward()
        discriminator_adam.step()
        inverter_adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, list(inverter.parameters()), 0.002)
        return torch.stack([image, feature, adversarial, real, fake]).detach()

    run = torch.compile(step) if args.compile else step
    losses = run().cpu()
    off = (losses - state["losses"]).abs() / state["losses"].abs()
    if off.max() > 1e-3:
        sys.exit(f"losses differ from the project's: {losses.tolist()} against {state['losses'].tolist()}")
    for _ in range(args.warmup):
        run()
    times = []
    for _ in range(args.steps):
        if device.type == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        run().cpu()
        times.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": times, "peak_mib": peak, "losses": losses.tolist(), "torch": torch.__version__}))


if __name__ == "__main__":
    main()
