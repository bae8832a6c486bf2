// @ts-check
// The words of the view Train.

/** Text of the view's elements: `data-words` or `data-label` -> text. */
export const TEXTS = {
    "view-train": "Train",
    "title-train": "Watch an inverter learn",
    "intro-train": "Two networks learn to turn features back into pictures, here in this page: one with DeePSiM's three-term loss, one by comparing pixels alone. Same first weights, same crops; what differs is the loss.",
    "train-set": "1. Pictures to learn from",
    "train-set-help": "Pictures stay on this machine. Some of them are held out: the networks never learn from these, and are judged by them.",
    "train-sources": "Where the photographs come from, and their licences",
    "train-photographs": "Use 100 photographs",
    "train-files": "Choose pictures",
    "train-folder": "Choose a folder",
    "train-webcam": "Record a minute of webcam",
    "train-webcam-end": "End the recording",
    "train-task": "2. What to learn",
    "train-layer": "Invert",
    "train-size": "Crops of",
    "train-start": "First weights",
    "train-beside": "Train one with the image loss beside it",
    "train-seed": "Seed",
    "train-task-help": "The layer whose features become pictures again. A small network with random weights shows the most; the shipped one can be tuned to your pictures.",
    "train-own": "Start from a model file",
    "train-begin": "Begin",
    "train-pause": "Pause",
    "train-resume": "Go on",
    "train-single": "One step",
    "train-again": "Start again, same seed",
    "train-discard": "Throw away",
    "train-shown": "3. Held-out pictures and their inversions",
    "train-shown-help": "The networks see only the features of these pictures. The percentages are relative errors of the pixels and of the features; an inversion is worth something when it is below the mean training picture.",
    "train-knobs": "4. The loss",
    "train-knobs-help": "Weights of DeePSiM's three terms and the learning rate of both networks. A change acts at the next step.",
    "train-gate": "The gate",
    "train-gate-help": "Who is too far ahead waits. The ratio is the discriminator's loss divided by the adversarial term: below 0.1 the discriminator waits until it is above 0.5, above 10 the inverter waits.",
    "train-curves": "Curves",
    "train-curves-help": "The terms of DeePSiM's loss, the discriminator's two losses, and the errors of the held-out pictures.",
    "train-step": "The step",
    "train-step-help": "What the newest step did is lit: features of the crops go through the inverter, its pictures are compared in three ways, and the gradient of the sum changes the inverter. The discriminator learns in the same step to tell crops from inversions.",
    "train-keep": "5. The result is yours",
    "train-keep-help": "The model file holds the network and a card that says what it saw. The command trainer invert opens it, and so does this page: drop it onto the view Invert.",
    "train-which": "Network",
    "train-download": "Download the model file",
    "train-lab": "Open in the view Invert",
    "train-progress": "Pictures read",
};

/** Names of the runs. @type {Record<string, string>} */
export const RUNS = { deepsim: "DeePSiM", image: "image loss" };

/** Names of the terms and of the learning rate. @type {Record<string, string>} */
export const KNOBS = { image: "pixels (image term)", feature: "comparator's features", adversarial: "discriminator (adversarial term)", rate: "learning rate" };

/** The parts of the figure of a step. @type {Record<string, string>} */
export const PARTS = {
    label: "A training step: crop, SqueezeNet, features, inverter, inversion; pixels, comparator and discriminator give the three terms of the loss, whose gradient changes the inverter",
    crop: "crops",
    encoder: "SqueezeNet",
    features: "features",
    inverter: "inverter",
    inversion: "inversions",
    pixels: "pixels",
    comparator: "comparator",
    discriminator: "discriminator",
    loss: "loss",
    gradients: "gradient",
};

/** Names of the lines of the charts. @type {Record<string, string>} */
export const LINES = { image: "image", feature: "feature", adversarial: "adversarial", real: "on crops", inverted: "on inversions" };

/** Names of sets of pictures on the cards of models. @type {Record<string, string>} */
export const CARDS = { photographs: "100 of the project's photographs, in a browser", own: "a visitor's own pictures, in a browser", webcam: "a minute of a webcam, in a browser" };

/** Sentences with values in them. */
export const SAY = {
    layer: (/** @type {string} */ layer) => layer,
    size: (/** @type {number} */ size) => `${size} pixels`,
    start: (/** @type {string} */ start) => ({ random: "random, a small network", shipped: "those of the shipped network", own: "those of a model file" })[start] ?? start,
    reading: (/** @type {number} */ done, /** @type {number} */ all) => `Reading pictures: ${done} of ${all}`,
    set: (/** @type {number} */ count, /** @type {number} */ heldOut, /** @type {string[]} */ skipped) => {
        const kept = heldOut ? `${count} pictures, ${heldOut} of them held out.` : `${count} picture${count === 1 ? "" : "s"}: too few to hold any out, so the networks are judged by pictures that they learn from.`;
        return skipped.length ? `${kept} Left out, because they could not be read: ${skipped.slice(0, 3).join(", ")}${skipped.length > 3 ? ` and ${skipped.length - 3} more` : ""}.` : kept;
    },
    noSet: () => "Choose pictures first.",
    training: () => "Training.",
    beginning: () => "Preparing the first step…",
    paused: (/** @type {number} */ step, /** @type {number} */ seconds) => `Paused after ${step} steps and ${seconds.toFixed(0)} s of training.`,
    running: (/** @type {number} */ step, /** @type {number} */ pace, /** @type {number} */ seconds, /** @type {string} */ device) => `Step ${step}, ${pace.toFixed(0)} pictures a second, ${seconds.toFixed(0)} s so far, on ${device}.`,
    hidden: () => "This tab is in the background: training goes on slowly.",
    errors: (/** @type {number} */ picture, /** @type {number} */ feature) => `pixels ${(picture * 100).toFixed(0)} %, features ${(feature * 100).toFixed(0)} %`,
    heldOut: () => "held-out pictures",
    mean: (/** @type {number} */ picture, /** @type {number} */ feature) => `mean training picture: ${SAY.errors(picture, feature)}`,
    row: (/** @type {string} */ what, /** @type {number} */ count) => `${what}, ${count} in a row`,
    trains: () => "trains",
    waits: () => "waits",
    off: () => "not used",
    ratio: (/** @type {number} */ ratio) => `ratio ${ratio.toFixed(2)}`,
    charts: { terms: "Terms of DeePSiM's loss", discriminator: "Losses of the discriminator", pixels: "Error of pixels, held out", features: "Error of features, held out", mean: "mean picture" },
    steps: () => "steps",
    seconds: () => "s",
    weight: (/** @type {number} */ value) => (value === 0 ? "off" : value.toPrecision(2)),
    useTerm: (/** @type {string} */ term) => `Use the term: ${KNOBS[term]}`,
    kept: () => "This training is kept in the browser until you throw it away; a reload goes on from here.",
    notKept: () => "This browser has no room to keep this training: it ends with this page. Download the model file before you leave.",
    restored: (/** @type {number} */ step) => `An earlier training was found, at step ${step}. Go on, or throw it away.`,
    discarded: () => "The training was thrown away.",
    loaded: (/** @type {string} */ name) => `First weights: ${name}.`,
};
