"""The style network in PyTorch, with one style, as `deepsim::nets::stylist` has it."""

import torch
from torch import nn
from torch.nn import functional as F

BLOCKS = 5
EPSILON = 1e-3


class Stylist(nn.Module):
    def __init__(self, channels):
        super().__init__()
        one, two, four = channels, 2 * channels, 4 * channels
        self.shrinking = nn.ModuleList([nn.Conv2d(3, one, 9), nn.Conv2d(one, two, 3, stride=2), nn.Conv2d(two, four, 3, stride=2)])
        self.residual = nn.ModuleList(nn.Conv2d(four, four, 3) for _ in range(2 * BLOCKS))
        self.growing = nn.ModuleList([nn.Conv2d(four, two, 3), nn.Conv2d(two, one, 3)])
        self.picture = nn.Conv2d(one, 3, 9)
        self.widths = [one, two, four] + [four] * 2 * BLOCKS + [two, one]
        self.styles = nn.Parameter(torch.zeros(1, 2 * sum(self.widths)))

    def factors(self):
        """Scale and shift [channels] of each normalised layer."""
        parts = self.styles[0].split([width for width in self.widths for _ in range(2)])
        return [(1 + scale, shift) for scale, shift in zip(parts[::2], parts[1::2])]

    def forward(self, pictures):
        factors = iter(self.factors())

        def normalised(x):
            scale, shift = next(factors)
            return F.instance_norm(x, weight=scale, bias=shift, eps=EPSILON)

        def mirrored(conv, x):
            border = conv.kernel_size[0] // 2
            return conv(F.pad(x, [border] * 4, mode="reflect"))

        x = pictures
        for conv in self.shrinking:
            x = F.relu(normalised(mirrored(conv, x)))
        for first, second in zip(self.residual[::2], self.residual[1::2]):
            y = F.relu(normalised(mirrored(first, x)))
            x = x + normalised(mirrored(second, y))
        for conv in self.growing:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = F.relu(normalised(conv(F.pad(x, [1] * 4, mode="replicate"))))
        return torch.tanh(mirrored(self.picture, x))
