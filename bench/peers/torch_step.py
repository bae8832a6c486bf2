"""The whole DeePSiM training step in PyTorch, from the state that `peer step` wrote: checks its losses, then times it.

    python torch_step.py STATE.safetensors SQUEEZENET.safetensors --steps 5 [--compile] [--threads 2] [--device cpu]

Prints one line of JSON.
"""

import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import networks
import steps

IMAGE_MEAN_SQUARE = 0.25
FEATURE_LAYERS = ["fire5", "fire9"]


def main():
    args = steps.arguments()
    device = torch.device(args.device)
    state = load_file(args.state)
    squeezenet = networks.load(networks.SqueezeNet(), load_file(args.squeezenet)).to(device).requires_grad_(False)
    inverter = networks.load(networks.Inverter(), state, "inverter.").to(device)
    discriminator = networks.load(networks.Discriminator(), state, "discriminator.").to(device)
    pictures = state["pictures"].to(device)
    scales = dict(zip(FEATURE_LAYERS, state["scales"].tolist()))
    inverter_adam = steps.adam(inverter, state["learning_rate"])
    discriminator_adam = steps.adam(discriminator, state["learning_rate"])
    average = steps.Average(inverter)
    crop = steps.crop_of(state)

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
        average.update()
        return torch.stack([image, feature, adversarial, real, fake]).detach()

    steps.measure(step, state["losses"], args)


if __name__ == "__main__":
    main()
