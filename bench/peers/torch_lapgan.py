"""A training step of a level of LAPGAN in PyTorch, from the state that `peer lapgan` wrote: checks its losses, then times it.

    python torch_lapgan.py STATE.safetensors SQUEEZENET.safetensors --steps 5 [--compile] [--threads 2]

Prints one line of JSON.
"""

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

import networks
import steps
from upscaler import LEAK, Residual

FILTER = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
COARSEST = 8


def filters():
    return torch.outer(FILTER, FILTER).expand(3, 1, 5, 5).contiguous()


def reduce(pictures):
    return F.conv2d(F.pad(pictures, (2, 2, 2, 2), mode="reflect"), filters(), stride=2, groups=3)


def expand(pictures):
    padded = F.pad(pictures, (1, 1, 1, 1), mode="replicate")
    side = 2 * pictures.shape[-1]
    return F.conv_transpose2d(padded, 4 * filters(), stride=2, padding=2, groups=3, output_padding=1)[..., 2 : side + 2, 2 : side + 2]


class Finer(nn.Module):
    def __init__(self, state):
        super().__init__()
        channels, fine = state["generator.enter.weight"].shape[0], state["generator.grow.weight"].shape[0]
        blocks = sum(name.endswith(".first.weight") for name in state if name.startswith("generator.blocks."))
        self.enter = nn.Conv2d(4, channels, 5, padding=2, stride=2)
        self.blocks = nn.ModuleList(Residual(channels) for _ in range(blocks))
        self.grow = nn.Conv2d(channels, fine, 3, padding=1)
        self.residual = nn.Conv2d(fine, 3, 3, padding=1)

    def forward(self, under, noise):
        x = F.leaky_relu(self.enter(torch.cat([under, noise], 1)), LEAK)
        for block in self.blocks:
            x = block(x)
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return self.residual(F.leaky_relu(self.grow(x), LEAK))


class Discriminator(nn.Module):
    def __init__(self, state):
        super().__init__()
        shapes = [state[f"discriminator.convs.{at}.weight"].shape for at in range(5)]
        # What halves the side, by the side of the pictures.
        strides = {16: (1, 2, 1, 2, 2), 32: (1, 2, 1, 2, 2), 64: (2, 2, 1, 2, 2), 128: (2, 2, 1, 2, 2)}[state["pictures"].shape[-1]]
        self.convs = nn.ModuleList(nn.Conv2d(s[1], s[0], s[2], stride=t, padding=s[2] // 2) for s, t in zip(shapes, strides))
        self.decide1, self.decide2 = nn.Linear(256, 256), nn.Linear(256, 1)

    def forward(self, shown):
        x = shown
        for conv in self.convs:
            x = F.leaky_relu(conv(x), LEAK)
        return self.decide2(F.leaky_relu(self.decide1(x.mean((2, 3))), LEAK))


def adam(network, rate):
    return torch.optim.Adam(network.parameters(), lr=float(rate), betas=(0.5, 0.999), eps=1e-8)


def main():
    args = steps.arguments()
    state = load_file(args.state)
    generator = networks.load(Finer(state), state, "generator.")
    discriminator = networks.load(Discriminator(state), state, "discriminator.")
    pictures, noise = state["pictures"], state["noise"]
    generator_adam = adam(generator, state["learning_rate"])
    discriminator_adam = adam(discriminator, state["learning_rate"])
    average = steps.Average(generator)

    def step():
        with torch.no_grad():
            before = reduce(pictures)
            coarse = before
            while coarse.shape[-1] > COARSEST:
                coarse = reduce(coarse)
            under = expand(before)
        residual = generator(under, noise)
        made = torch.cat([under + residual, residual], 1)
        discriminator.requires_grad_(False)
        adversarial = F.softplus(-discriminator(made)).mean()
        discriminator.requires_grad_(True)
        real = F.softplus(-discriminator(torch.cat([pictures, pictures - under], 1))).mean()
        fake = F.softplus(discriminator(made.detach())).mean()
        discriminator_adam.zero_grad()
        (real + fake).backward()
        generator_adam.zero_grad()
        (0.02 * adversarial).backward()
        discriminator_adam.step()
        generator_adam.step()
        average.update()
        return torch.stack([adversarial, real, fake]).detach()

    steps.measure(step, state["losses"], args)


if __name__ == "__main__":
    main()
