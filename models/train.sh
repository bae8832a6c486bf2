#!/usr/bin/env bash
# Trains what the project ships and what docs/results.md measures, one group after the other; what is there already is gone on with or left as
# it is, so that the script can be ended and started again.
#
#     models/train.sh RUNS [GROUP...]        groups: inverters through images losses comparators emoji divergence fashion
#                                            systems lapgan lapgan-losses enlarge styles
#
# RUNS gets a run directory and a model file for each model. DEVICE (auto) is where to compute, BATCH (8) the crops a step, SCALE (1) multiplies
# the pictures of every run: a GPU has time for more. FASHION is the folder of Fashion-MNIST's IDX files.
set -euo pipefail

runs=${1:?usage: models/train.sh RUNS [GROUP...]}
shift
groups=${*:-inverters images losses comparators emoji divergence}
mkdir -p "$runs"
runs=$(cd "$runs" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --release --workspace
trainer=${CARGO_TARGET_DIR:-target}/release/trainer
fashion=${FASHION:-/usr/share/datasets/fashion-mnist}

# train NAME PICTURES OPTION...: a run of so many pictures, and its model file.
train() {
    local name=$1 pictures=$(($2 * ${SCALE:-1}))
    shift 2
    [[ -e $runs/$name.safetensors ]] && return
    if [[ -d $runs/$name ]]; then
        "$trainer" --quiet --resume "$runs/$name"
    else
        "$trainer" --quiet --device "${DEVICE:-auto}" --out "$runs/$name" --pictures "$pictures" "$@"
    fi
    # MOST: measured on how many pictures, for models that are not kept. COMPONENTS: of the prior that is fitted.
    "$trainer" export "$runs/$name" --output "$runs/$name.safetensors" ${MOST:+--most "$MOST"} ${COMPONENTS:+--components "$COMPONENTS"}
}

# mean RUN MODEL FILE OPTION...: the mean of a run's weights and another model's.
mean() { "$trainer" export "$runs/$1" --mean-with "$runs/$2.safetensors" --output "$3" "${@:4}"; }

# ship RUN MODEL NAME OPTION...: the same, as what the project ships.
ship() { mean "$1" "$2" "models/$3.safetensors" "${@:4}"; }

# Features and pixels first, at half the cost of a step; the adversary last (docs/results.md, "What was tried").
invert() {
    local layer=$1 pictures=$2
    local common=(--layer "$layer" --size 128 --batch "${BATCH:-8}")
    train "$layer-features" "$pictures" "${common[@]}" --loss image+feature --feature-weight 4
    common+=(--loss deepsim --feature-weight 4 --adversarial-weight 0.05)
    train "$layer" $((pictures / 5)) "${common[@]}" --init "$runs/$layer-features.safetensors" --learning-rate 3e-4 --decay 0.5
    # Where much of the picture is left, the rest is a pattern with the period of the strides (docs/results/grid.md).
    case $layer in
    pool1 | fire3 | fire5)
        train "$layer-even" 30000 "${common[@]}" --init "$runs/$layer.safetensors" --learning-rate 3e-4 --decay 0.6 \
            --average-half-life 2500 --periodic-weight 400
        train "$layer-last" 8000 "${common[@]}" --init "$runs/$layer-even.safetensors" --learning-rate 2e-4 --decay 0.8 \
            --average-half-life 2000 --periodic-weight 1000
        ;;
    esac
}

# The systems of the ablation, and the comparators, are narrow and learn from smaller crops.
small() { train "$1" "$2" --layer fire9 --width 0.3 --size 96 --batch "${BATCH:-8}" --feature-weight 4 --adversarial-weight 0.05 "${@:3}"; }

# table PREFIX PAGE NAME...: measures the models PREFIX-NAME for a page of docs/results
table() {
    mkdir -p "$runs/$2"
    local models=()
    for name in "${@:3}"; do
        cp "$runs/$1-$name.safetensors" "$runs/$2/$name.safetensors"
        models+=("$runs/$2/$name.safetensors")
    done
    "$trainer" eval "${models[@]}" --crops 4 --markdown "docs/results/tables/$2.md" --sheet "docs/results/$2.jpg"
}

# An adversary joins for the last fifth, as in the inverters: as many crops in all as without one.
opposed() {
    [[ -e $runs/loss-$1.safetensors ]] && return
    small "before-$1" 48000 --loss "$3"
    small "loss-$1" 12000 --loss "$2" --init "$runs/before-$1.safetensors" --learning-rate 3e-4 --decay 0.5
}

emoji() { train "$1" "$2" --task vae --data emoji --batch 16 --feature-weight 2 --compare fire3,fire5,fire9 "${@:3}"; }

# pair STAGE PICTURES NATS WEIGHT FROM BOTH OPTION...: both losses at the same divergence, on from another stage; BOTH are options of both, the others
# those of DeePSiM alone.
pair() {
    local loss own
    for loss in deepsim image; do
        own=()
        [[ $loss == deepsim ]] && own=("${@:7}")
        # shellcheck disable=SC2086
        emoji "emoji-$loss-$1" "$2" --loss $loss --kl-target "$3" --kl-weight "$4" $6 "${own[@]}" \
            ${5:+--kl-warm-up 0 --init "$runs/emoji-$loss-$5.safetensors"}
    done
}

for group in $groups; do
    case $group in
    inverters) for layer in pool1 fire3 scores fire5 fire9; do invert $layer 150000; done ;;
    through)
        # fire9 through fire5: the translation first, at a fraction of the cost of a step, then the whole, the adversary last.
        common=(--layer fire9 --through fire5 --size 96 --optimizer muon)
        train through-translation 60000 "${common[@]}" --batch 32 --loss translation --init models/fire5.safetensors --learning-rate 2e-3
        common+=(--batch 16 --feature-weight 4 --decay 0.4)
        train through-features 32000 "${common[@]}" --loss image+feature --init "$runs/through-translation.safetensors" --learning-rate 7e-4
        train through 8000 "${common[@]}" --loss deepsim --adversarial-weight 0.05 --init "$runs/through-features.safetensors" --learning-rate 3e-4
        ;;
    images) for layer in scores fire5 fire9; do train "$layer-image" 180000 --layer $layer --size 128 --batch "${BATCH:-8}" --loss image; done ;;
    losses)
        for loss in image feature image+feature; do small "loss-$loss" 60000 --loss $loss; done
        opposed deepsim deepsim image+feature
        opposed feature+adversarial feature+adversarial feature
        table loss losses image feature image+feature feature+adversarial deepsim
        ;;
    comparators)
        train exemplar 120000 --task exemplar --size 64 --batch 32
        cp "$runs/exemplar.safetensors" models/
        for comparator in squeezenet random efficientnet exemplar; do
            small "comparator-$comparator" 30000 --loss image+feature --comparator $comparator
        done
        table comparator comparators squeezenet efficientnet exemplar random
        ;;
    emoji)
        # Forty nats first, so that codes learn to tell pictures apart; then fewer, which samples need, and an adversary that counts; then it sees
        # samples, too, against a heavier image term that keeps colours; at last small steps and a long average, since the two networks do not rest.
        # Draws from the standard normal.
        COMPONENTS=0
        pair 1 72000 40 0.01 "" "--average-half-life 4000" --adversarial-weight 0.05
        pair 2 48000 15 0.03 1 "--average-half-life 4000" --adversarial-weight 0.4
        pair 3 32000 15 0.05 2 "--average-half-life 4000" --adversarial-weight 0.3 --image-weight 2.5 --draws
        calm="--average-half-life 8000 --learning-rate 2.5e-4 --decay 0.1"
        pair 4 30000 15 0.05 3 "$calm" --adversarial-weight 0.4 --image-weight 2 --draws
        pair 5 50000 15 0.05 4 "$calm" --adversarial-weight 0.4 --image-weight 2 --draws
        COMPONENTS=
        # In the middle between the ends of two stages there is less of the grid that an adversary leaves.
        for loss in deepsim image; do
            mean "emoji-$loss-5" "emoji-$loss-4" "$runs/emoji-$loss-mean.safetensors" --spread 1
        done
        # Draws from the prior that was fitted to the codes, as noisy as those of training, and the mean once more.
        pair 6 48000 15 0.05 mean "$calm" --adversarial-weight 0.4 --image-weight 2 --draws
        ship emoji-deepsim-6 emoji-deepsim-mean emoji-vae
        ship emoji-image-6 emoji-image-mean emoji-vae-image
        ;;
    divergence)
        # Of 32 pixels: at 64, by the speed of the emoji pair, the ten would take a processor core more than six hours.
        models=()
        for loss in image deepsim; do
            for weight in 1e-4 3e-4 1e-3 3e-3 1e-2; do
                MOST=50 emoji "divergence-$loss-$weight" 60000 --size 32 --kl-weight $weight --loss $loss --adversarial-weight 0.4
                models+=("$runs/divergence-$loss-$weight.safetensors")
            done
        done
        # Ten models are too many for the repository, so the table and its curves are kept.
        "$trainer" eval "${models[@]}" --json docs/results/divergence.json --markdown docs/results/tables/divergence.md \
            --curves docs/results/divergence --sheet docs/results/divergence.jpg --samples 1000 --most 500
        ;;
    fashion)
        training=$fashion/train-images-idx3-ubyte.gz others=$fashion/t10k-images-idx3-ubyte.gz
        data=(--data "$training" --held-out "$others" --size 32)
        clothes() { train "fashion-$1" "$2" --task vae "${data[@]}" --latent 32 --batch 16 --feature-weight 2 --compare pool1,fire3 "${@:3}"; }
        # Fewer nats, then an adversary that counts; draws from the standard normal shown to it leave coloured specks here, those from the prior that was
        # fitted to the codes do not.
        clothes 1 28000 --adversarial-weight 0.05 --kl-target 20 --kl-weight 0.01 --kl-warm-up 2000 --average-half-life 4000
        fewer=(--kl-target 15 --kl-weight 0.05 --kl-warm-up 0 --average-half-life 8000)
        clothes 2 25800 "${fewer[@]}" --init "$runs/fashion-1.safetensors" --adversarial-weight 0.02 --image-weight 2 --learning-rate 3e-4 --decay 0
        clothes 3 32000 "${fewer[@]}" --init "$runs/fashion-2.safetensors" --adversarial-weight 0.2 --image-weight 3 --learning-rate 3e-4 --decay 0.5
        clothes 4 40000 "${fewer[@]}" --init "$runs/fashion-3.safetensors" --adversarial-weight 0.2 --image-weight 3 --learning-rate 2.5e-4 --decay 0.5
        mean fashion-4 fashion-3 "$runs/fashion-mean.safetensors" --spread 1
        clothes 5 40000 "${fewer[@]}" --init "$runs/fashion-mean.safetensors" --adversarial-weight 0.2 --image-weight 3 --learning-rate 2.5e-4 --decay 0.5 --draws
        ship fashion-5 fashion-mean fashion-vae
        for seed in 0 1 2; do
            for task in autoencoder vae; do
                for loss in image deepsim; do
                    MOST=50 train "codes-$task-$loss-$seed" 10000 --task $task "${data[@]}" --batch 16 --seed $seed --loss $loss --compare pool1,fire3,fire5
                done
            done
        done
        # Twelve models are too many for the repository, so the table is kept.
        "$trainer" classify "$runs"/codes-*.safetensors --training "$training" --data "$others" --json docs/results/codes.json --markdown docs/results/tables/codes.md
        ;;
    systems)
        # An autoencoder and a VAE/GAN, to be measured beside the VAE and the LAPGAN that ship.
        data=(--data "$fashion/train-images-idx3-ubyte.gz" --held-out "$fashion/t10k-images-idx3-ubyte.gz" --size 32 --batch 16)
        data+=(--decay 0.4 --average-half-life 3000)
        train systems-autoencoder 16000 --task autoencoder "${data[@]}" --feature-weight 2 --compare pool1,fire3 --adversarial-weight 0.2 --image-weight 3
        train systems-vaegan 16000 --task vaegan "${data[@]}" --latent 32 --init models/fashion-vae.safetensors --kl-target 15 --kl-weight 0.05 \
            --kl-warm-up 0 --learning-rate 3e-4
        "$trainer" eval "$runs/systems-autoencoder.safetensors" models/fashion-vae.safetensors "$runs/systems-vaegan.safetensors" \
            --training "$fashion/train-images-idx3-ubyte.gz" --data "$fashion/t10k-images-idx3-ubyte.gz" --samples 1000 --most 300
        ;;
    lapgan)
        # The coarsest level costs a thirtieth of the others, so it sees many more pictures. The finer ones have all terms of DeePSiM, at first more pixels,
        # then more of the adversary and noisier coarse pictures, which clean what the level before made.
        pyramid() { train "lapgan-$1" "$2" --task lapgan --learning-rate 4e-4 "${@:3}"; }
        coarsest=(--level 8 --batch 32 --decay 0.5 --average-half-life 6000 --data-threads 1)
        finer=(--batch 16 --loss deepsim)
        emoji=(--data emoji)
        pyramid emoji-1 640000 "${emoji[@]}" "${coarsest[@]}"
        emoji+=("${finer[@]}" --level 16,32,64 --compare pool1,fire3,fire5)
        pyramid emoji-2 35500 "${emoji[@]}" --init "$runs/lapgan-emoji-1.safetensors" --adversarial-weight 0.3 --coarse-noise 0.08 --decay 0 \
            --average-half-life 3000
        pyramid emoji-3 56000 "${emoji[@]}" --init "$runs/lapgan-emoji-2.safetensors" --image-weight 0.5 --adversarial-weight 0.5 --coarse-noise 0.15 --decay 0.4 \
            --average-half-life 4000
        cp "$runs/lapgan-emoji-3.safetensors" models/emoji-lapgan.safetensors
        clothes=(--data "$fashion/train-images-idx3-ubyte.gz" --held-out "$fashion/t10k-images-idx3-ubyte.gz" --size 32)
        clothes+=(--class-names "T-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot")
        pyramid fashion-1 320000 "${clothes[@]}" "${coarsest[@]}"
        clothes+=("${finer[@]}" --level 16,32 --compare pool1,fire3 --image-weight 0.5 --adversarial-weight 0.5 --coarse-noise 0.1 --decay 0.4 --average-half-life 4000)
        pyramid fashion-2 40000 "${clothes[@]}" --init "$runs/lapgan-fashion-1.safetensors"
        cp "$runs/lapgan-fashion-2.safetensors" models/fashion-lapgan.safetensors
        ;;
    lapgan-losses)
        # What the other terms bring to the finer levels: the same coarsest level, the same pictures.
        for loss in adversarial deepsim; do
            MOST=500 train "lapgan-$loss" 20000 --task lapgan --data emoji --size 32 --level 16,32 --batch 16 --learning-rate 4e-4 --decay 0.4 --coarse-noise 0.1 \
                --loss $loss --adversarial-weight 0.5 --compare pool1,fire3 --image-weight 0.5
        done
        ;;
    enlarge)
        train enlarge-image 400000 --task enlarge --loss image --size 128 --batch 16 --degraded 0.2 --learning-rate 1e-3 --decay 0.6
        # Features and the adversary begin with a network that enlarges already.
        perceptual=(--task enlarge --size 128 --batch 8 --compare pool1,fire3,fire5 --average-half-life 2000)
        image="$runs/enlarge-image.safetensors" sharp="$runs/enlarge-sharp.safetensors"
        train enlarge-feature 16000 "${perceptual[@]}" --init "$image" --loss image+feature --degraded 0.1 --image-weight 1 --feature-weight 2 \
            --learning-rate 5e-4 --decay 0.6
        train enlarge-sharp 19000 "${perceptual[@]}" --init "$image" --loss deepsim --degraded 0.2 --image-weight 2 --feature-weight 2 \
            --adversarial-weight 0.1 --learning-rate 5e-4 --decay 0
        train enlarge-before 24000 "${perceptual[@]}" --init "$sharp" --loss deepsim --degraded 0.1 --image-weight 1 --feature-weight 2 \
            --adversarial-weight 0.05 --learning-rate 4e-4 --decay 0.6
        train enlarge 40000 "${perceptual[@]}" --init "$runs/enlarge-before.safetensors" --loss deepsim --degraded 0.05 --image-weight 0.5 \
            --feature-weight 2 --adversarial-weight 0.1 --optimizer muon --learning-rate 4e-4 --decay 0.8
        ship enlarge enlarge-before enlarge
        cp "$runs"/enlarge-{image,feature}.safetensors models/
        ;;
    styles)
        train styles 42000 --task style --style data/styles --size 192 --batch 4
        cp "$runs/styles.safetensors" models/
        ;;
    *) echo "no group $group" >&2 && exit 1 ;;
    esac
done
