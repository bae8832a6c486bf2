// @ts-check
// The names of ImageNet's classes.

import { downloadText } from "../common/download.js";

const CLASSES = 1000;

/** The classes' names, in order; their numbers where the file cannot be had. */
export async function classNames() {
    const numbers = Array.from({ length: CLASSES }, (_, number) => `class ${number}`);
    try {
        const names = (await downloadText(new URL("classes.txt", import.meta.url))).trim().split("\n");
        return names.length === CLASSES ? names : numbers;
    } catch (cause) {
        console.warn(`classes.txt: ${cause}`);
        return numbers;
    }
}
