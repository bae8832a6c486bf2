"""A training step of the upscaler with the DeePSiM loss in PyTorch, from the state that `peer enlarge` wrote: checks its losses, then times it.

    python torch_enlarge.py STATE.safetensors SQUEEZENET.safetensors --steps 5 [--compile] [--threads 2]

Prints one line of JSON.
"""

import torch
from safetensors.torch import load_file
from torch.nn import functional as F

import networks
import steps
from upscaler import Discriminator, Upscaler

IMAGE_MEAN_SQUARE = 0.25
LAYERS = ["pool1", "fire3", "fire5"]


def main():
    args = steps.arguments()
    state = load_file(args.state)
    squeezenet = networks.load(networks.SqueezeNet(), load_file(args.squeezenet)).requires_grad_(False)
    channels = state["upscaler.last.weight"].shape[0]
    blocks = sum(name.endswith(".first.weight") for name in state if name.startswith("upscaler.blocks."))
    upscaler = networks.load(Upscaler(channels, blocks), state, "upscaler.")
    discriminator = networks.load(Discriminator(), state, "discriminator.")
    pictures, small, bicubic = state["pictures"], state["small"], state["bicubic"]
    crop = steps.crop_of(state)
    scales = dict(zip(LAYERS, state["scales"].tolist()))
    image_weight, feature_weight, adversarial_weight = state["weights"].tolist()
    upscaler_adam = steps.adam(upscaler, state["learning_rate"])
    discriminator_adam = steps.adam(discriminator, state["learning_rate"])
    average = steps.Average(upscaler)

    def step():
        with torch.no_grad():
            wanted = squeezenet(pictures[crop], LAYERS[-1])
        made = upscaler(small, bicubic)
        discriminator.requires_grad_(False)
        logits = discriminator(made)
        found = squeezenet(made[crop], LAYERS[-1])
        image = (made - pictures).square().mean() / IMAGE_MEAN_SQUARE
        errors = [((found[layer] - wanted[layer]) / scales[layer]).square().mean() for layer in LAYERS]
        feature = sum(errors) / len(errors)
        adversarial = F.softplus(-logits).mean()
        discriminator.requires_grad_(True)
        real = F.softplus(-discriminator(pictures)).mean()
        fake = F.softplus(discriminator(made.detach())).mean()
        discriminator_adam.zero_grad()
        (real + fake).backward()
        upscaler_adam.zero_grad()
        (image_weight * image + feature_weight * feature + adversarial_weight * adversarial).backward()
        discriminator_adam.step()
        upscaler_adam.step()
        average.update()
        return torch.stack([image, feature, adversarial, real, fake]).detach()

    steps.measure(step, state["losses"], args)


if __name__ == "__main__":
    main()
