// @ts-check
// What the view Train asks its own worker. A run has a name of the page's choice.

/** @type {import("../common/commands.js").Commands} */
export const COMMANDS = {
    /** Decodes a file, and reduces it so that its shorter side has at most `side` pixels. Returns {rgba, width, height}. */
    "train-decode": { file: Blob, name: "string", side: "number" },
    /** Begins the set of pictures that runs learn from; `name` stands on the cards of their models. */
    "train-pictures": { name: "string" },
    /** Adds a picture to the set. */
    "train-picture": { rgba: Uint8Array, width: "number", height: "number", heldOut: "boolean" },
    /** Begins a run: `options` are {shape: {layer, width}, size, batch, seed}; `model` is an inverter of models.json to start from, `file` a model file. */
    "train-begin": { run: "string", options: "object", model: "string?", file: "object?" },
    /** Goes on with a saved run. */
    "train-restore": { run: "string", saved: Uint8Array },
    /** Takes a step, with weights {image, feature, adversarial}. Returns {report, milliseconds}. */
    "train-step": { run: "string", weights: "object", rate: "number" },
    /** Inverts the held-out pictures. Returns {rgba, pictureError, featureError}. */
    "train-measure": { run: "string" },
    /** Returns the held-out pictures themselves, and the errors of the mean training picture: {rgba, pictureError, featureError}. */
    "train-held-out": { run: "string" },
    /** Returns the bytes of the run's model file. */
    "train-export": { run: "string" },
    /** Returns the bytes of all that the run needs to go on, but for the pictures. */
    "train-save": { run: "string" },
    /** Compares a few training steps on WebGPU with the processor's; fails if they differ. */
    "train-self-test": {},
    /** What the file of an inverter inverts: {layer, width}. */
    "train-about": { file: Uint8Array },
};
