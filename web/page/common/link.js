// @ts-check
// A link to what is shown.

import { SAY } from "./words.js";

/** Copies a link and returns a sentence about what it holds. @param {string} link @param {boolean} isOwn whether the picture is the visitor's own */
export async function copyLink(link, isOwn) {
    try {
        await navigator.clipboard.writeText(link);
        return isOwn ? SAY.copiedOwn() : SAY.copied();
    } catch {
        return SAY.notCopied(link);
    }
}
