// @ts-check
// What a link to the view Generate restores.

import { choice, name, number, numbers, numbersByNumber, whole } from "../common/fields.js";

/** Pictures on a sheet of samples. */
export const CELLS = 16;
/** Directions that codes are moved along. */
export const MOVES = 8;

export const FIELDS = {
    /** What the autoencoders make pictures of. */
    pictures: name("emoji"),
    /** The sheet's seed. */
    sheet: whole(7, 0, 4294967295),
    /** The chosen cell. */
    cell: whole(0, 0, CELLS - 1),
    /** How often each cell was drawn again. */
    again: numbersByNumber(/^(\d{1,2}):(\d{1,6})$/, CELLS),
    /** The cell that is interpolated to. */
    to: whole(1, 0, CELLS - 1),
    /** 0 to 1 between the two. */
    way: number(0, 0, 1),
    /** How often each level of the chosen cell's pyramid was drawn again. */
    levels: numbersByNumber(/^(\d):(\d{1,3})$/, 5),
    /** What the LAPGAN begins with: codes of the autoencoder trained with DeePSiM, or noise. */
    begins: choice("code", ["code", "noise"]),
    /** The class of a LAPGAN's pictures, or -1 for any. */
    kind: whole(-1, -1, 99),
    /** Deviations along each direction. */
    moves: numbers(MOVES, -3, 3),
};
