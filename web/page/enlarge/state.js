// @ts-check
// What a link to the view Enlarge restores.

import { choice, name, number } from "../common/fields.js";
import { EXAMPLES } from "../common/words.js";

export const FIELDS = {
    /** An example's name, or nothing for an own picture. */
    small: choice("cat", ["", ...Object.keys(EXAMPLES)]),
    /** What is shown on the left and on the right: `bicubic` or the name of a model. */
    left: name("bicubic"),
    right: name(""),
    /** 0 to 100: where the two meet. */
    boundary: number(50, 0, 100),
};
