"""Writes SqueezeNet + the shipped fire5 inverter as one ONNX file: picture [1, 3, 224, 224] in [-1, 1] -> its inversion.

    python export_onnx.py SQUEEZENET.safetensors FIRE5.safetensors FEATURE_SCALE OUTPUT.onnx
"""

import sys

import torch
from safetensors.torch import load_file

import networks


class Inversion(torch.nn.Module):
    def __init__(self, squeezenet, inverter, scale):
        super().__init__()
        self.squeezenet, self.inverter, self.scale = squeezenet, inverter, scale

    def forward(self, picture):
        return self.inverter(self.squeezenet(picture, "fire5")["fire5"] / self.scale)


def inversion(squeezenet, fire5, scale):
    squeezenet = networks.load(networks.SqueezeNet(), load_file(squeezenet))
    inverter = networks.load(networks.Inverter(), load_file(fire5))
    return Inversion(squeezenet, inverter, float(scale)).eval().requires_grad_(False)


def main():
    squeezenet, fire5, scale, output = sys.argv[1:]
    picture = torch.zeros(1, 3, 224, 224)
    program = torch.onnx.export(inversion(squeezenet, fire5, scale), (picture,), dynamo=True, external_data=False)
    program.save(output)


if __name__ == "__main__":
    main()
