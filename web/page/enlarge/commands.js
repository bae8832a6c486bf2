// @ts-check
// What the view Enlarge asks the worker. The picture lies in the slot "e".

/** @type {import("../common/commands.js").Commands} */
export const COMMANDS = {
    /** Reduces a slot's picture so that its longer side has so many pixels. Returns {picture, width, height}. */
    shrink: { slot: "string", side: "number" },
    /** Returns the tiles of a slot's picture for an upscaler. */
    tiles: { name: "string", slot: "string" },
    /** Enlarges a tile of a slot's picture of this number; `plain`: bicubically. Returns {rgba, width, height}. */
    enlarge: { name: "string", slot: "string", picture: "number", tile: "object", plain: "boolean" },
};
