#!/usr/bin/env bash
# Gathers what models/gpu.sh needs on a machine that has nothing: the stripped trainer, weights, photographs, scripts. Prints what it holds.
#
#     models/gpu-pack.sh FOLDER [TRAINER]
#
# TRAINER is a release binary; `cargo xtask cuda` builds the one for NVIDIA cards, which is taken unless another one is named. The folder is
# kept below 55 MiB, with the binary and the weights compressed; PLAIN=1 leaves them as they are.
set -euo pipefail

folder=${1:?usage: models/gpu-pack.sh FOLDER [TRAINER]}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
trainer=${2:-}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
trainer=${trainer:-${CARGO_TARGET_DIR:-target}/release/trainer-cuda}
[[ -f $trainer ]] || { echo "no $trainer: cargo xtask cuda builds it" >&2 && exit 1; }

mkdir -p "$folder"/{bin,models,data,bench/peers}
strip --strip-all -o "$folder/bin/trainer" "$trainer"
cp models/gpu.sh models/{squeezenet,efficientnet_lite0,fire5,fire5-image,fire3,pool1}.safetensors "$folder/models/"
# Those of the other layers go on only if they go through another layer, as the ones that the kit trains.
for model in fire9 fire9-image scores scores-image; do
    if head -c 4000 "models/$model.safetensors" | grep -q '"through\\*":'; then cp "models/$model.safetensors" "$folder/models/"; fi
done
if [[ -z ${PLAIN:-} ]]; then
    xz --force --x86 --lzma2=preset=9e,dict=64MiB "$folder/bin/trainer"
    xz --force -9e "$folder"/models/*.safetensors
fi
cp data/photos-train.tar.gz data/photos-val.tar "$folder/data/"
cp bench/peers/{torch_step,steps,networks}.py "$folder/bench/peers/"

(cd "$folder" && find . -type f -printf '%10s  %P\n' | sort -k 2)
size=$(du --summarize --apparent-size --block-size=1 "$folder" | cut -f 1)
echo "$((size / 1048576)) MiB in $folder; there: models/gpu.sh RESULTS"
[[ $size -le $((55 * 1048576)) || -n ${PLAIN:-} ]] || { echo "larger than 55 MiB" >&2 && exit 1; }
