"""The upscaler and its discriminator in PyTorch, as `deepsim::nets::upscaler` and `deepsim::nets::discriminator` have them."""

import torch
from torch import nn
from torch.nn import functional as F

LEAK = 0.3
FACTOR = 4


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return x + self.second(F.leaky_relu(self.first(x), LEAK))


class Upscaler(nn.Module):
    def __init__(self, channels, blocks):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.ModuleList(Residual(channels) for _ in range(blocks))
        self.last = nn.Conv2d(channels, channels, 3, padding=1)
        self.pixels = nn.Conv2d(channels, 3 * FACTOR * FACTOR, 3, padding=1)

    def forward(self, pictures, bicubic):
        """`bicubic` is the enlargement that the network adds to: the same for every step on the same pictures."""
        first = F.leaky_relu(self.first(pictures), LEAK)
        x = first
        for block in self.blocks:
            x = block(x)
        return F.pixel_shuffle(self.pixels(first + self.last(x)), FACTOR) + bicubic


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        convs = [(3, 32, 5, 2), (32, 64, 3, 2), (64, 128, 3, 1), (128, 128, 3, 2), (128, 256, 3, 2)]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, stride=s, padding=k // 2) for i, o, k, s in convs)
        self.decide1, self.decide2 = nn.Linear(256, 256), nn.Linear(256, 1)

    def forward(self, pictures):
        x = pictures
        for conv in self.convs:
            x = F.leaky_relu(conv(x), LEAK)
        return self.decide2(F.leaky_relu(self.decide1(x.mean((2, 3))), LEAK))
