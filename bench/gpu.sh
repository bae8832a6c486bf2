#!/usr/bin/env bash
# Measures training on a machine with a GPU, in one command: the whole step at 128, batch 64, on every GPU backend that this build
# has, against PyTorch eager and compiled on the same card where Python has it, then five minutes of training with the card's memory
# written down every ten seconds.
#
#     bench/gpu.sh RESULTS_FOLDER [PEER] [TRAINER] [PYTHON]
#
# PEER and TRAINER are the release binaries; build them with `cargo build --release --workspace`, and `--features trainer/cuda` for CUDA.
set -uo pipefail
results=${1:?the folder for results}
target=${CARGO_TARGET_DIR:-target}
peer=${2:-$target/release/peer}
trainer=${3:-$target/release/trainer}
python=${4:-python3}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$results"
here=bench/peers

nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv > "$results/card.csv" 2>&1
"$trainer" devices > "$results/devices.txt" 2>&1

step() { # device, round
    "$peer" step --device "$1" --size 128 --batch 64 --steps 20 --warmup 10 --state "$results/state-$1.safetensors" > "$results/step-$1-$2.json" 2> "$results/step-$1-$2.log"
}
torch() { # device whose state is repeated, round, name, further options
    local device=$1 round=$2 name=$3
    shift 3
    "$python" "$here/torch_step.py" "$results/state-$device.safetensors" models/squeezenet.safetensors --device cuda --steps 20 --warmup 10 "$@" \
        > "$results/torch-$name-$device-$round.json" 2> "$results/torch-$name-$device-$round.log"
}
for round in 0 1 2; do
    for device in cuda wgpu; do
        step "$device" "$round" || { echo "$device: see $results/step-$device-$round.log"; continue; }
        if "$python" -c 'import torch; assert torch.cuda.is_available()' 2> /dev/null; then
            torch "$device" "$round" eager
            torch "$device" "$round" compiled --compile
        fi
    done
done

for device in cuda wgpu; do
    [ -s "$results/step-$device-0.json" ] || continue
    nvidia-smi --query-gpu=timestamp,utilization.gpu,memory.used --format=csv -l 10 > "$results/memory-$device.csv" 2> /dev/null &
    watcher=$!
    rm -rf "$results/run-$device"
    "$trainer" --device "$device" --size 128 --batch 64 --epochs 100000 --max-minutes 5 --quiet --data-threads 8 --out "$results/run-$device" > "$results/train-$device.log" 2>&1
    kill "$watcher" 2> /dev/null
    cp "$results/run-$device/stats.jsonl" "$results/stats-$device.jsonl"
    rm -rf "$results/run-$device"
    break
done

# A step at 128 is 2 x 3.35 billion operations a picture: inverter 1.54 billion multiplications (forward, and twice backward), discriminator 1.52,
# SqueezeNet 0.29; PyTorch does 4.36 billion, because it does not split what follows a doubling into phases.
grep -h seconds "$results"/step-*.json "$results"/torch-*.json 2> /dev/null
