// @ts-check
// What the view Generate asks the worker. The visitor's own picture lies in the slot "g".

/** @type {import("../common/commands.js").Commands} */
export const COMMANDS = {
    /** Returns {side, size} of an autoencoder: its pictures' side and the numbers in a code. */
    about: { name: "string" },
    /** Cuts the middle square of a slot's picture, for an autoencoder of this side. */
    square: { slot: "string", side: "number" },
    /** Decodes cells {seed, place, again} of a sheet. Returns {rgba, side}, the pictures one after the other. */
    draw: { name: "string", cells: Array },
    /** Returns {sides, classes} of a LAPGAN: the sides of its levels and the names of its classes. */
    "about-pyramid": { name: "string" },
    /** Draws pictures {place, again} of a LAPGAN, `again` with a count for each level, of a class or of any (-1). Returns {rgba, side}. */
    "draw-pyramids": { name: "string", seed: "number", cells: Array, class: "number" },
    /** Draws one picture of a LAPGAN. Returns {levels}: for each level {side, pictures}, the RGBA bytes of the coarsest picture, or of the enlarged one, the residual and their sum. */
    "draw-levels": { name: "string", seed: "number", place: "number", again: Array, class: "number" },
    /** Draws cells {place, code, again} of a LAPGAN that begins with an autoencoder's codes: `code` counts how often the code was drawn, `again` is as above. Returns {rgba, side}. */
    "draw-detail": { name: "string", autoencoder: "string", seed: "number", cells: Array },
    /** Draws one such cell. Returns {levels} as above, of the last two levels. */
    "draw-detail-levels": { name: "string", autoencoder: "string", seed: "number", cell: "object" },
    /** Does what `move` does, and makes the picture's detail anew with a LAPGAN, with the noise of a place. Returns {rgba, side}. */
    "move-detail": { name: "string", autoencoder: "string", from: "object", to: "object", share: "number", moves: Array, seed: "number", place: "number" },
    /** Decodes a code between two ends, moved along directions. An end is a cell or {slot}. Returns {rgba, side}. */
    move: { name: "string", from: "object", to: "object", share: "number", moves: Array },
};
