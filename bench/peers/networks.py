"""SqueezeNet 1.1, the inverter and the discriminator in PyTorch, with the weights of the project's own files."""

import torch
from torch import nn
from torch.nn import functional as F

LEAK = 0.3
LAYERS = ["pool1", "fire3", "fire5", "fire9"]
MEAN_RGB = [123.68, 116.779, 103.939]


class Fire(nn.Module):
    def __init__(self, inputs, squeeze, expand):
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze1x1(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2)
        sizes = [(64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128)]
        sizes += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
        for number, size in enumerate(sizes, 2):
            self.add_module(f"fire{number}", Fire(*size))
        self.conv10 = nn.Conv2d(512, 1000, 1)
        self.register_buffer("shift", 127.5 - torch.tensor(MEAN_RGB).reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pictures, last):
        """The features of every layer up to `last`, by name."""
        seen = {}
        x = F.max_pool2d(F.relu(self.conv1(pictures * 127.5 + self.shift)), 3, 2)
        seen["pool1"] = x
        if last == "pool1":
            return seen
        x = self.fire3(self.fire2(x))
        seen["fire3"] = x
        if last == "fire3":
            return seen
        x = self.fire5(self.fire4(F.max_pool2d(x, 3, 2)))
        seen["fire5"] = x
        if last == "fire5":
            return seen
        x = self.fire9(self.fire8(self.fire7(self.fire6(F.max_pool2d(x, 3, 2)))))
        seen["fire9"] = x
        return seen


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.smooth = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x):
        x = F.leaky_relu(self.narrow(x), LEAK)
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        return F.leaky_relu(self.smooth(x), LEAK)


class Inverter(nn.Module):
    """Of fire5: stride 8, 256 channels."""

    def __init__(self):
        super().__init__()
        widths = [256, 128, 64, 32]
        self.head = nn.Conv2d(256, 256, 2, padding=1)
        self.blocks = nn.ModuleList(Block(*pair) for pair in zip(widths, widths[1:]))
        self.picture = nn.Conv2d(32, 3, 3, padding=1)

    def forward(self, features):
        x = F.leaky_relu(self.head(features), LEAK)
        for block in self.blocks:
            x = block(x)
        return self.picture(x)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        convs = [(3, 32, 7, 4), (32, 64, 5, 1), (64, 128, 3, 2), (128, 256, 3, 1), (256, 256, 3, 2)]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, stride=s, padding=k // 2) for i, o, k, s in convs)
        self.embed = nn.ModuleDict({"first": nn.Linear(256, 256), "second": nn.Linear(256, 128)})
        self.decide1, self.decide2 = nn.Linear(384, 256), nn.Linear(256, 1)

    def forward(self, pictures, features):
        x = pictures
        for conv in self.convs:
            x = F.leaky_relu(conv(x), LEAK)
        embedded = F.leaky_relu(self.embed["first"](features.mean((2, 3))), LEAK)
        embedded = F.leaky_relu(self.embed["second"](embedded), LEAK)
        decision = F.leaky_relu(self.decide1(torch.cat([x.mean((2, 3)), embedded], 1)), LEAK)
        return self.decide2(decision)


def load(module, tensors, prefix=""):
    """Fills a module from tensors named as the project names them; `nn.Linear` is stored transposed there."""
    state = {}
    linear = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, nn.Linear)}
    for name, tensor in tensors.items():
        if not name.startswith(prefix) or name.endswith(".scales"):
            continue
        tensor = tensor.float()
        # Weights of 8 bits have a scale for each output channel.
        if (scales := tensors.get(name + ".scales")) is not None:
            tensor = tensor * scales.reshape([-1] + [1] * (tensor.dim() - 1))
        name = name[len(prefix) :]
        state[name] = tensor.t() if name in linear else tensor
    module.load_state_dict(state)
    return module
