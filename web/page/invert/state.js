// @ts-check
// What a link to the view Invert restores: everything that decides what is shown, except the photo.

import { choice, name, number, numbersByNumber, oneOf, whole } from "../common/fields.js";
import { EXAMPLES } from "../common/words.js";
import { EDITS } from "./words.js";

/** Phones get a smaller picture. */
const small = matchMedia("(max-width: 30rem)").matches;

/** Sides of the picture that can be chosen. */
export const SIDES = [128, 224, 320, 448];
/** What the depth slider can show of the layers. */
export const ASPECTS = ["deepsim", "image", "difference"];
/** The experiments. */
export const TABS = ["operate", "channels", "mix", "reencode", "refine", "dream"];

export const FIELDS = {
    /** An example's name, or nothing for an own picture. */
    example: choice("cat", ["", ...Object.keys(EXAMPLES)]),
    /** 0: the picture itself; 1 and more: what a layer kept, from the first layer on. */
    depth: number(3, 0, 5),
    /** What is shown of the layers. */
    aspect: choice("deepsim", ASPECTS),
    /** 0 to 100: the picture itself is shown up to there. */
    wiped: number(0, 0, 100),
    side: oneOf(small ? 128 : 224, SIDES),
    inverter: name("fire9"),
    tab: choice("operate", TABS),
    edit: choice("keep-channels", Object.keys(EDITS)),
    /** 0 to 1 along the slider. */
    amount: number(0.5, 0, 1),
    seed: whole(1, 0, 4294967295),
    /** An example's name, or nothing for an own picture. */
    mix: choice("flowers", ["", ...Object.keys(EXAMPLES)]),
    share: number(0.5, 0, 1),
    rounds: whole(4, 1, 16),
    /** The class that is dreamt of, of the 1000. */
    class: whole(11, 0, 999),
    /** Where a dream begins. */
    from: choice("picture", ["picture", "noise"]),
    /** The factor of each changed channel. */
    channels: numbersByNumber(/^(\d{1,4}):(\d(?:\.\d+)?)$/),
};
