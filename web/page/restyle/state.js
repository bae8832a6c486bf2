// @ts-check
// What a link to the view Restyle restores.

import { choice, number, numbers, oneOf } from "../common/fields.js";
import { EXAMPLES } from "../common/words.js";

/** Phones get a smaller picture. */
const small = matchMedia("(max-width: 30rem)").matches;

/** Longer sides of the picture that can be chosen. */
export const SIZES = [256, 384, 512, 768, 1024];
/** Styles of a network, at most. */
export const MOST_STYLES = 16;

/** The worker's slot of the picture. */
export const SLOT = "r";

export const FIELDS = {
    /** An example's name, or nothing for an own picture. */
    photo: choice("portrait", ["", ...Object.keys(EXAMPLES)]),
    /** The weight of each style, 0 to 100; none: the first style alone. */
    styles: numbers(MOST_STYLES, 0, 100),
    /** 0 to 100: how much of the painting is mixed into the photo. */
    strength: number(100, 0, 100),
    /** Longer side of what is shown, pixels. */
    painted: oneOf(small ? 256 : 384, SIZES),
    /** Whose colours the painting has. */
    colours: choice("style", ["style", "photo"]),
};
