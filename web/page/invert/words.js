// @ts-check
// The words of the view Invert.

import { LOSSES, percent } from "../common/words.js";

/** Text of the view's elements: `data-words` or `data-label` -> text. */
export const TEXTS = {
    "view-invert": "Invert",
    "title-invert": "What does a network keep of your photo?",
    "intro-invert": "SqueezeNet turns a picture into features, layer by layer: first edges and colours, finally one score for each of 1000 classes. A second network turns the features of one layer back into a picture. That picture shows what the layer kept.",
    pick: "Choose a photo",
    "pick-more": ", drop one anywhere, or paste one. It never leaves this machine.",
    webcam: "Use the webcam",
    examples: "Or take an example:",
    "crop-label": "Crop: drag or use the arrow keys to move, the wheel or + and - to zoom",
    zoom: "Zoom",
    size: "Size",
    "size-help": "A larger picture gives the network more to look at and takes longer.",
    layers: "What each layer keeps",
    "layers-help": "Deeper layers know less about positions and colours. The image loss gives pictures that are blurry but close in pixels; DeePSiM gives sharper ones that are close in features. Click a picture to compare it with another.",
    "original-title": "Your picture",
    experiments: "Experiments",
    "experiments-help": "Change the features and see how the picture changes.",
    inverter: "Features of",
    "tab-operate": "Operate",
    "tab-channels": "Channels",
    "tab-mix": "Mix",
    "tab-reencode": "Re-encode",
    "tab-refine": "Refine",
    "plain-title": "Unchanged features",
    "result-title": "Changed features",
    "edit-label": "Operation",
    "amount-label": "Amount",
    "seed-label": "Another random choice",
    "channels-help": "Each map shows where one channel is active, the strongest channel first. Silence or amplify a channel and look for what disappears or grows. A change applies to the whole channel.",
    "channels-reset": "Reset all channels",
    "mix-help": "The features of two pictures are averaged before they are inverted. In early layers this looks like a double exposure; in late layers shapes merge.",
    "mix-with": "Mix with",
    "mix-own": "Choose another photo",
    "mix-share": "Share of the other picture",
    "reencode-help": "The inversion is inverted again and again. The features should stay the same; differences show what the networks add.",
    rounds: "Rounds",
    "round-shown": "Round shown",
    play: "Play",
    pause: "Pause",
    "save-animation": "Save as animation",
    "refine-help": "Each step changes the pixels a little so that their features come closer to those of your picture. Look for detail that returns, and for noise that only the network sees.",
    "refine-start": "Refine",
    "refine-stop": "Stop",
    "refine-steps": "Steps",
    how: "How this works",
    "how-help": "Your picture goes through SqueezeNet's layers from left to right. Each box is as tall as the layer's grid and as wide as its channels, for the chosen size. An inverter takes the features of one box and makes a picture of them.",
    "how-errors": "The picture error is the root of the mean squared pixel difference, relative to the picture's distance from grey. The feature error is the same for the features of the inverted layer. The bars show the classes that SqueezeNet predicts: an inversion that kept what matters has bars like those of your picture.",
    "how-training": "The inverters were trained on a few hundred photographs with this project's trainer: with the image loss (the pixel difference alone) or with DeePSiM (pixels, features of a comparator network, and an adversary that tells real pictures from inverted ones).",
    "save-sheet": "Save all as one picture",
    "compare-left": "Left",
    "compare-right": "Right",
    "compare-slider": "Position of the boundary",
};

/** What each layer holds, for its row. @type {Record<string, string>} */
export const LAYERS = {
    pool1: "the first layer: edges and colours, at every fourth pixel",
    fire3: "textures and corners, at every fourth pixel",
    fire5: "parts of things, at every eighth pixel",
    fire9: "things, at every sixteenth pixel",
    scores: "only the 1000 class scores, no positions",
};

/** Names and descriptions of the operations. @type {Record<string, {name: string, help: string}>} */
export const EDITS = {
    "keep-top": { name: "Keep the largest", help: "Sets all but the k largest features to zero. How few are enough to recognise the picture?" },
    "drop-top": { name: "Drop the largest", help: "Sets the k largest features to zero. Are the strongest features enough, or is the rest?" },
    "keep-channels": { name: "Keep the strongest channels", help: "Sets all but the k channels with the most energy to zero. Look for colours and textures that vanish together." },
    binarise: { name: "Binarise", help: "Gives every positive feature the same value. Which features are active matters more than how strongly." },
    "drop-random": { name: "Drop at random", help: "Sets a random share of the features to zero. Neighbouring features are redundant, so many can be dropped." },
    noise: { name: "Add noise", help: "Adds random numbers, relative to the size of the features. Early layers show it as grain, late ones as other things." },
};

/** Sentences with values in them. */
export const SAY = {
    looking: () => "Computing the features of the picture…",
    inverting: (/** @type {string} */ name) => `Inverting ${name}…`,
    inverted: (/** @type {number} */ count, /** @type {number} */ milliseconds) => `${count} inversions in ${(milliseconds / 1000).toFixed(1)} s.`,
    pictureError: (/** @type {number} */ error) => `picture error ${percent(error)}`,
    featureError: (/** @type {number} */ error) => `feature error ${percent(error)}`,
    inverter: (/** @type {string} */ layer, /** @type {string} */ loss) => (loss === "image" ? `${layer}, image loss` : layer),
    inversion: (/** @type {string} */ layer, /** @type {string} */ loss) => `${layer}, ${LOSSES[loss]}`,
    compare: (/** @type {string} */ name) => `Compare ${name} with another picture`,
    hero: (/** @type {string} */ name) => `What is left at ${name}`,
    amount: (/** @type {string} */ edit, /** @type {number} */ value, /** @type {number} */ total) =>
        edit === "drop-random" || edit === "noise" ? percent(value) : `${value} of ${total}`,
    round: (/** @type {number} */ round, /** @type {number} */ error) => `Round ${round}: feature error ${percent(error)}`,
    refined: (/** @type {number} */ step, /** @type {number} */ error) => `Step ${step}: feature error ${percent(error)}`,
    channel: (/** @type {number} */ channel, /** @type {number} */ share) => `channel ${channel}, ${percent(share)} of the energy`,
    silence: (/** @type {number} */ channel) => `× 0: silence channel ${channel}`,
    amplify: (/** @type {number} */ channel) => `× 3: amplify channel ${channel} three times`,
    silenceShort: () => "× 0",
    amplifyShort: () => "× 3",
    pixels: (/** @type {number} */ side) => `${side} pixels`,
    curve: (/** @type {string} */ what) => `Feature error after each ${what}`,
    grid: (/** @type {string} */ name, /** @type {number} */ channels, /** @type {number} */ grid) => `${name}: ${channels} channels of ${grid} x ${grid}`,
};
