"""Training crops from tar shards by the Python package webdataset: a random square, resized, mirrored and in other colours, as `trainer` makes them.

    pip install webdataset torchvision
    python webdataset_crops.py 'shards/photos-{0000..0003}.tar' --size 128 --workers 2

Prints one line of JSON; `peer crops --data shards --threads 2` does the same work.
"""

import argparse
import json
import random
import time

import numpy
import torch
import webdataset
from PIL import ImageEnhance


def crop(picture, side):
    picture = picture.convert("RGB")
    short = min(picture.size) * random.uniform(0.4, 1.0)
    left, top = (random.uniform(0, length - short) for length in picture.size)
    picture = picture.resize((side, side), 3, (left, top, left + short, top + short))
    if random.random() < 0.5:
        picture = picture.transpose(0)
    for enhance, low, high in [(ImageEnhance.Brightness, 0.8, 1.2), (ImageEnhance.Contrast, 0.75, 1.25), (ImageEnhance.Color, 0.7, 1.4)]:
        picture = enhance(picture).enhance(random.uniform(low, high))
    return torch.from_numpy(numpy.asarray(picture)).permute(2, 0, 1).float().div(127.5).sub(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shards")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batches", type=int, default=200)
    args = parser.parse_args()
    torch.set_num_threads(1)
    dataset = (
        webdataset.WebDataset(args.shards, shardshuffle=100, resampled=True)
        .shuffle(1000)
        .decode("pil")
        .to_tuple("jpg")
        .map(lambda sample: crop(sample[0], args.size))
        .batched(16)
    )
    loader = iter(webdataset.WebLoader(dataset, batch_size=None, num_workers=args.workers))
    for _ in range(4 * args.workers):
        next(loader)
    begun = time.perf_counter()
    for _ in range(args.batches):
        next(loader)
    print(json.dumps({"crops_per_second": args.batches * 16 / (time.perf_counter() - begun), "workers": args.workers, "size": args.size}))


if __name__ == "__main__":
    main()
