// @ts-check
// What a link to the view Train restores: settings, and neither pictures nor weights.

import { choice, whole } from "../common/fields.js";

/** Layers whose inverters can be trained here. */
export const LAYERS = ["pool1", "fire3", "fire5", "fire9"];
/** Sides of the crops. */
export const SIZES = [64, 96];
/** Where the first weights come from. */
export const STARTS = ["random", "shipped"];

export const FIELDS = {
    learn: choice("fire3", LAYERS),
    /** Side of the crops. */
    crops: choice(String(SIZES[0]), SIZES.map(String)),
    start: choice("random", STARTS),
    /** Whether an inverter of the image loss is trained beside the other one. */
    beside: whole(1, 0, 1),
    /** The seed; the view Invert has one of its own. */
    trial: whole(0, 0, 4294967295),
};

/** Crops a step. */
export const BATCH = 8;
/** Width of an inverter with random weights, of the usual one. */
export const SMALL = 0.5;

/** Weights of the terms that a run begins with, and the learning rate: the trainer's weights, and a rate for few steps. */
export const WEIGHTS = { image: 1, feature: 1, adversarial: 0.02 };
export const RATE = 1e-3;

/** The run that the sliders act on, and the one of the image loss. */
export const DEEPSIM = "deepsim";
export const IMAGE = "image";
