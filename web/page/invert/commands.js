// @ts-check
// What the view Invert asks the worker. Names of models are those of models.json; a slot holds one picture ("a": the picture, "b": the one that
// is mixed with it).

/** @type {import("../common/commands.js").Commands} */
export const COMMANDS = {
    /** Returns the layers as [name, channels, grid], for pictures of a side. */
    layers: { side: "number" },
    /** Cuts a square {left, top, size} out of a slot's picture of this number and computes its features. Returns {rgba, side, classes, probabilities}. */
    cut: { slot: "string", picture: "number", crop: "object", side: "number" },
    /** Inverts a square of a slot's picture before the whole of SqueezeNet is there, by the inverter that the start named. Returns {rgba, side, original}. */
    first: { slot: "string", picture: "number", crop: "object", side: "number" },
    /** Inverts a square frame of the webcam. Returns {rgba, side, original, originalSide}. */
    live: { name: "string", frame: ImageBitmap },
    /** Inverts a slot's features, after an operation on them. Returns {rgba, side}. */
    invert: { name: "string", slot: "string", operation: "object?" },
    /** Verifies the model file of an inverter and puts it on the device. Returns {layer}. */
    "add-inverter": { name: "string", file: Uint8Array },
    /** Compares an inversion with a slot's picture; `plain`: the features were not changed. Returns errors, classes and probabilities. */
    judge: { name: "string", slot: "string", rgba: Uint8Array, side: "number", plain: "boolean" },
    /** Returns the next round of re-encoding {rgba, side, featureError}. */
    reencode: { name: "string", slot: "string" },
    /** Returns the strongest channels {grid, channels, shares, maps}. */
    channels: { name: "string", slot: "string", count: "number" },
    /** Prepares the refinement of an inversion. */
    "begin-to-refine": { name: "string", slot: "string", rgba: Uint8Array, side: "number" },
    /** Takes gradient steps. Returns {rgba, featureError}. */
    refine: { steps: "number", rate: "number" },
    /** Begins a dream of a class (0 to 999) at the features of a slot's picture, or, with a seed of 0 or more, at noise. */
    "begin-to-dream": { name: "string", slot: "string", class: "number", noise: "number" },
    /** Takes steps of the dream. Returns {rgba, side, probability}. */
    dream: { steps: "number", rate: "number", name: "string", slot: "string" },
    /** Returns the bytes of an animated PNG. */
    animate: { frames: Uint8Array, side: "number", milliseconds: "number" },
};
