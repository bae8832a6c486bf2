// @ts-check
// What the view Restyle asks the worker. The picture lies in the slot "r".

/** @type {import("../common/commands.js").Commands} */
export const COMMANDS = {
    /** Loads a style network. Returns the names of its styles. */
    styles: { name: "string" },
    /** Paints a slot's picture of this number, resized, with a weight for each style. Returns {rgba, width, height, original}. */
    restyle: { name: "string", slot: "string", picture: "number", width: "number", height: "number", weights: Array },
    /** Paints a frame of the webcam. Returns {rgba, width, height}. */
    frame: { name: "string", frame: ImageBitmap, weights: Array },
    /** Begins to paint a slot's picture of this number, resized, strip by strip. */
    paint: { name: "string", slot: "string", picture: "number", width: "number", height: "number", weights: Array },
    /** Takes a step of that. Returns {done, of, first, rgba}: strips have rows from `first` on; {} at the end. */
    "paint-step": {},
    /** Ends it early. */
    "paint-end": {},
};
