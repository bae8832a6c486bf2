"""A training step of the style network in PyTorch, from the state that `peer restyle` wrote: checks its losses, then times it.

    python torch_restyle.py STATE.safetensors SQUEEZENET.safetensors --steps 5 [--compile] [--threads 2]

Prints one line of JSON.
"""

import torch
from safetensors.torch import load_file

import networks
import steps
from stylist import Stylist

STYLE_LAYERS = ["pool1", "fire3", "fire5"]
CONTENT_LAYER = "fire3"


def gram(features):
    batch, channels, height, width = features.shape
    rows = features.reshape(batch, channels, height * width)
    return rows @ rows.transpose(1, 2) / (height * width)


def relative(found, wanted):
    return ((found - wanted).square() / wanted.square().mean((1, 2), keepdim=True)).mean()


def variation(pictures):
    across = pictures[..., 1:] - pictures[..., :-1]
    down = pictures[..., 1:, :] - pictures[..., :-1, :]
    return across.square().mean() + down.square().mean()


def main():
    args = steps.arguments()
    state = load_file(args.state)
    squeezenet = networks.load(networks.SqueezeNet(), load_file(args.squeezenet)).requires_grad_(False)
    network = networks.load(Stylist(state["network.picture.weight"].shape[1]), state, "network.")
    contents = state["pictures"]
    crop = steps.crop_of(state)
    scale = float(state["content_scale"])
    with torch.no_grad():
        painting = squeezenet(state["painting"], STYLE_LAYERS[-1])
        wanted = [gram(painting[layer]) for layer in STYLE_LAYERS]
    adam = steps.adam(network, state["learning_rate"])
    average = steps.Average(network)

    def step():
        with torch.no_grad():
            content = squeezenet(contents[crop], CONTENT_LAYER)[CONTENT_LAYER]
        made = network(contents)[crop]
        found = squeezenet(made, STYLE_LAYERS[-1])
        content_term = ((found[CONTENT_LAYER] - content) / scale).square().mean()
        errors = [relative(gram(found[layer]), gram_of) for layer, gram_of in zip(STYLE_LAYERS, wanted)]
        terms = torch.stack([content_term, sum(errors) / len(errors), variation(made)])
        adam.zero_grad()
        (terms @ state["weights"]).backward()
        adam.step()
        average.update()
        return terms.detach()

    steps.measure(step, state["losses"], args)


if __name__ == "__main__":
    main()
