"""The DeePSiM training step of `torch_step.py` by several processes (PyTorch's DistributedDataParallel, gloo), each with its share of the batch.

    python torch_replicas.py STATE.safetensors SQUEEZENET.safetensors --steps 5 --processes 2 --threads 1

Prints the median seconds of a step as one line of JSON. `docs/scale.md` compares `mpirun -n 2 trainer` with it.
"""

import argparse
import json
import os
import statistics
import time

import torch
from safetensors.torch import load_file
from torch import distributed, multiprocessing
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import networks
import steps
from torch_step import FEATURE_LAYERS, IMAGE_MEAN_SQUARE


def work(rank, args):
    torch.set_num_threads(args.threads)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29513")
    distributed.init_process_group("gloo", rank=rank, world_size=args.processes)
    state = load_file(args.state)
    squeezenet = networks.load(networks.SqueezeNet(), load_file(args.squeezenet)).requires_grad_(False)
    inverter = networks.load(networks.Inverter(), state, "inverter.")
    discriminator = networks.load(networks.Discriminator(), state, "discriminator.")
    scales = dict(zip(FEATURE_LAYERS, state["scales"].tolist()))
    inverter_adam = steps.adam(inverter, state["learning_rate"])
    discriminator_adam = steps.adam(discriminator, state["learning_rate"])
    average = steps.Average(inverter)
    crop = steps.crop_of(state)
    pictures = state["pictures"].chunk(args.processes)[rank]
    shared_inverter = DistributedDataParallel(inverter)
    shared_discriminator = DistributedDataParallel(discriminator)

    def step():
        with torch.no_grad():
            features = squeezenet(pictures, "fire5")["fire5"] / scales["fire5"]
            wanted = squeezenet(pictures[crop], "fire9")
        inverted = shared_inverter(features)
        discriminator_adam.zero_grad()
        both = shared_discriminator(torch.cat([pictures, inverted.detach()]), torch.cat([features, features]))
        real, fake = both.chunk(2)
        (F.softplus(-real).mean() + F.softplus(fake).mean()).backward()
        discriminator.requires_grad_(False)
        logits = discriminator(inverted, features)
        found = squeezenet(inverted[crop], "fire9")
        image = (inverted - pictures).square().mean() / IMAGE_MEAN_SQUARE
        errors = [((found[layer] - wanted[layer]) / scales[layer]).square().mean() for layer in FEATURE_LAYERS]
        feature = sum(errors) / len(errors)
        inverter_adam.zero_grad()
        (image + feature + 0.02 * F.softplus(-logits).mean()).backward()
        discriminator.requires_grad_(True)
        discriminator_adam.step()
        inverter_adam.step()
        average.update()

    seconds = []
    for number in range(args.warmup + args.steps):
        begun = time.perf_counter()
        step()
        if number >= args.warmup:
            seconds.append(time.perf_counter() - begun)
    if rank == 0:
        print(json.dumps({"seconds": statistics.median(seconds), "processes": args.processes, "threads": args.threads}))
    distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state")
    parser.add_argument("squeezenet")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    multiprocessing.spawn(work, args=(args,), nprocs=args.processes)


if __name__ == "__main__":
    main()
