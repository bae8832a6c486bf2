#!/usr/bin/env bash
# Turns some minutes of a GPU into better models, on a bare machine: no network, no compiler, and an end that may come at any time.
#
#     models/gpu.sh RESULTS
#
# Run it in a checkout, or in the folder that models/gpu-pack.sh made. RESULTS gets at most eight files of at most 16 MiB: report.txt, six
# models, and logs.tar with everything else. Each part has a time limit of its own, so that a hang costs a minute and not the rest.
#
# MINUTES (10)      the time for all of it
# DEVICE (cuda wgpu)  what to try; the fastest that agrees with the processor trains
# SIZE (128), BATCH (64)  crops of the timed steps and of training
# TRAINER           the binary; otherwise bin/trainer, or what cargo built
# FIRST (50)        steps by whose speed a run's length is chosen
# PYTHON (python3)  for PyTorch's side of the timing, where it has one
set -uo pipefail

started=$(date +%s)
results=${1:?usage: models/gpu.sh RESULTS}
mkdir -p "$results"
results=$(cd "$results" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
minutes=${MINUTES:-10} size=${SIZE:-128} batch=${BATCH:-64} python=${PYTHON:-python3}
work=$(mktemp -d)
report=$results/report.txt
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$work} DEEPSIM_TUNING=${DEEPSIM_TUNING:-$work/tuning}
: > "$report"
mkdir "$work/exports"

say() { echo "[$(($(date +%s) - started)) s] $*" | tee -a "$report"; }
# Seconds left, less those that the last tables take.
left() { echo $((started + minutes * 60 - $(date +%s) - ${RESERVE:-20})); }
# limited SECONDS LOG COMMAND...: no longer than so many seconds, and than there are.
limited() {
    local seconds=$1 log=$2 most
    most=$(left)
    shift 2
    [[ $most -lt $seconds ]] && seconds=$most
    [[ $seconds -lt 2 ]] && return 124
    timeout --kill-after=5 "$seconds" "$@" >> "$log" 2>&1
}
number() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p" "$2" | tail -n 1; }
# arithmetic that bash has not
calculate() { awk "BEGIN { print ($*) }"; }

# What gpu-pack.sh compressed.
for packed in bin/*.xz models/*.xz; do [[ -f $packed && ! -f ${packed%.xz} ]] && xz --decompress --keep "$packed"; done
trainer=${TRAINER:-}
if [[ -z $trainer ]]; then
    trainer=bin/trainer
    [[ -f $trainer ]] || trainer=${CARGO_TARGET_DIR:-target}/release/trainer
fi
chmod +x "$trainer" 2> /dev/null
trainer=$(cd "$(dirname "$trainer")" && pwd)/$(basename "$trainer")
# Every few minutes what there is so far goes to RESULTS.
keep_logs() { tar --create --file "$results/logs.tar" --directory "$work" --exclude checkpoints --exclude tuning --exclude exports --exclude 'state-*' . 2> /dev/null; }
watcher=
trap '[[ -n $watcher ]] && kill $watcher 2> /dev/null; keep_logs; rm -rf "$work"' EXIT

# 1. The machine
say "card: $(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2> /dev/null || echo 'nvidia-smi says nothing')"
limited 60 "$work/devices.txt" "$trainer" devices
sed 's/^/    /' "$work/devices.txt" | tee -a "$report"

# 2. The backends that make the same steps as the processor
good=()
for device in ${DEVICE:-cuda wgpu}; do
    if limited 120 "$work/agree-$device.txt" "$trainer" bench --device "$device" --agree 5 --size 64 --batch 4; then
        good+=("$device")
        say "$device: $(tail -n 1 "$work/agree-$device.txt")"
    else
        say "$device left out (status $?): $(tail -n 1 "$work/agree-$device.txt")"
    fi
done

# 3. The speed of each, and PyTorch's on the same card
fastest='' best=0
# ${array[@]+...}: an empty array is unset to old versions of bash.
for device in ${good[@]+"${good[@]}"}; do
    log=$work/step-$device.json state=$work/state-$device.safetensors
    nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits -l 1 > "$work/memory-$device.txt" 2> /dev/null &
    memory=$!
    limited 150 "$log" "$trainer" bench --device "$device" --size "$size" --batch "$batch" --steps "${STEPS:-20}" --state "$state"
    kill $memory 2> /dev/null
    rate=$(number pictures_per_second "$log")
    if [[ -z $rate ]]; then
        say "$device: not timed: $(tail -n 1 "$log")"
        continue
    fi
    seconds=$(sed -n 's/.*"seconds":\[\([^]]*\)\].*/\1/p' "$log" | tr , '\n' | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')
    say "$device: $rate pictures/s, $(calculate "1 / $seconds") steps/s, $(number tera_flops "$log") TFLOP/s, first step $(number first_seconds "$log") s," \
        "read-back $(calculate "100 * ($seconds / $(number unread_seconds "$log") - 1)") %, card memory $(sort -n "$work/memory-$device.txt" | tail -n 1) MiB"
    [[ $(calculate "$rate > $best") == 1 ]] && fastest=$device best=$rate
    [[ $device == flex ]] && continue
    for way in eager compiled; do
        log=$work/torch-$way-$device.json
        limited 90 "$log" "$python" bench/peers/torch_step.py "$state" models/squeezenet.safetensors --device cuda --steps 20 --warmup 10 \
            $([[ $way == compiled ]] && echo --compile)
        theirs=$(sed -n 's/.*"seconds": *\[\([^]]*\)\].*/\1/p' "$log" | tr , '\n' | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')
        [[ -n $theirs ]] && say "    PyTorch $way: $(calculate "$batch / $theirs") pictures/s; $device is $(calculate "$theirs / $seconds") times as fast"
    done
done
[[ -z $fastest ]] && say "nothing trains here" && exit 1
say "training on $fastest"

# 4. Training, in the order of need

# Exports the newest checkpoint of a run; quickly while it goes on, with all measures at its end.
export_run() {
    local model=$work/exports/$2.safetensors
    "$trainer" export "$work/runs/$1" --output "$model" "${@:3}" >> "$work/export.txt" 2>&1 && cp "$model" "$results/" && keep_logs
}

# stage RUN MODEL SECONDS OPTION...: trains for so many seconds, as many crops as the speed of the first steps allows, and exports as MODEL.
stage() {
    local run=$1 model=$2 seconds=$3 log=$work/train-$1.txt rate pictures began
    began=$(date +%s)
    shift 3
    local common=(--quiet --device "$fastest" --data-threads "${DATA_THREADS:-8}" --checkpoint-every "${CHECKPOINT_EVERY:-500}" --sample-every 100000)
    limited "$seconds" "$log" "$trainer" "${common[@]}" --out "$work/runs/$run" --batch "$batch" --pictures 1000000000 --max-steps "${FIRST:-50}" "$@"
    rate=$(number pictures_per_second "$work/runs/$run/stats.jsonl" 2> /dev/null)
    if [[ -z $rate ]]; then
        say "$run: not trained: $(tail -n 1 "$log" 2> /dev/null)"
        return 1
    fi
    seconds=$((seconds - ($(date +%s) - began)))
    pictures=$(calculate "int(${FIRST:-50} * $batch + 0.9 * $rate * ($seconds > 0 ? $seconds : 1))")
    (while sleep "${EXPORT_EVERY:-120}"; do export_run "$run" "$model" --most 8; done) &
    watcher=$!
    # It ends by itself; a minute later it hangs.
    timeout --kill-after=5 $(((seconds > 1 ? seconds : 1) + 60)) "$trainer" --quiet --resume "$work/runs/$run" --pictures "$pictures" --max-minutes "$(calculate "($seconds > 1 ? $seconds : 1) / 60")" >> "$log" 2>&1
    # An export that is under way ends too, before the last one.
    pkill -P $watcher 2> /dev/null
    kill $watcher 2> /dev/null
    watcher=
    export_run "$run" "$model" --most "${MOST:-16}"
    say "$run: $pictures crops at $rate a second: $(tail -n 2 "$work/export.txt" | head -n 1)"
}

# train MODEL SHARE LAYER LOSS OPTION...: SHARE percent of the minutes that were left for training. Inverters that go through another layer learn
# to translate first; pixels and features come next, the adversary in the last fifth.
train() {
    local model=$1 seconds=$((training * $2 / 100)) layer=$3 loss=$4 through='' spent=0
    local init=()
    shift 4
    local common=(--layer "$layer" --size "$size" --optimizer muon)
    [[ $layer == scores ]] && common=(--layer "$layer" --size 128 --optimizer muon)
    [[ $layer == fire9 ]] && through=fire5
    [[ $layer == scores ]] && through=fire9
    # What goes on starts from the shipped model of the same shape; what is new from the inverter of the layer that it goes through.
    local from=models/$model.safetensors shipped=''
    head -c 4000 "$from" 2> /dev/null | grep -q '"through\\*":' && shipped=yes
    if [[ -n $through && -z $shipped ]]; then
        spent=$((seconds / 5))
        local decoder=$through
        [[ $loss == image ]] && decoder=$through-image
        [[ -f $results/$decoder.safetensors ]] && decoder=$results/$decoder.safetensors || decoder=models/$decoder.safetensors
        stage "$model-translation" "$model" "$spent" "${common[@]}" --through $through --loss translation --init "$decoder" || return
        from=$results/$model.safetensors
    fi
    [[ -f $from ]] && init=(--init "$from")
    common+=(${through:+--through "$through"})
    case $loss in
    image) stage "$model-image" "$model" $((seconds - spent)) "${common[@]}" --loss image ${init[@]+"${init[@]}"} ;;
    *)
        stage "$model-features" "$model" $((seconds * 4 / 5 - spent)) "${common[@]}" --loss image+feature --feature-weight 4 ${init[@]+"${init[@]}"} &&
            stage "$model-adversary" "$model" $((seconds / 5)) "${common[@]}" --loss deepsim --feature-weight 4 --adversarial-weight 0.05 \
                --learning-rate 3e-4 --decay 0.5 --init "$results/$model.safetensors"
        ;;
    esac
}

RESERVE=45
# A tenth goes into exports.
training=$(($(left) * 9 / 10))
say "$training s for training"
queue=${QUEUE:-"fire9 38 fire9-image 16 scores 18 scores-image 8 fire5 9 fire5-image 5 fire3 3 pool1 3"}
# shellcheck disable=SC2086
set -- $queue
while [[ $# -ge 2 ]]; do
    layer=${1%-image} loss=deepsim
    [[ $1 == *-image ]] && loss=image
    train "$1" "$2" "$layer" $loss
    shift 2
done

# 5. Measures and a sheet, as far as time allows
RESERVE=5
shopt -s nullglob
models=("$results"/*.safetensors)
if [[ ${#models[@]} -gt 0 ]]; then
    limited 600 "$work/eval.md" "$trainer" eval --device "$fastest" "${models[@]}" --most "${MOST:-56}" --sheet "$work/sheet.jpg" --json "$work/eval.json"
    sed -n '/^|/p' "$work/eval.md" | tee -a "$report"
fi
# Eight files come back: the models of the layers that need little go with the logs.
for model in pool1 fire3; do [[ -f $results/$model.safetensors ]] && mv "$results/$model.safetensors" "$work/"; done
keep_logs
say "done"
