// @ts-check
// The page's start: its views, in the order of their tabs.

import { register } from "./common/offline.js";
import { nextTask, Page } from "./common/page.js";
import { Enlarge } from "./enlarge/view.js";
import { Generate } from "./generate/view.js";
import { Invert } from "./invert/view.js";
import { Restyle } from "./restyle/view.js";
import { Train } from "./train/view.js";

/** A new view is added here, and its commands in worker.js. */
const VIEWS = [Invert, Generate, Restyle, Enlarge, Train];

document.getElementById("not-started")?.remove();
await nextTask();
const page = new Page(VIEWS);
/** For the tests and the console. */
Object.assign(window, { deepsim: page });
await nextTask();
page.start();
// What the service worker downloads must not hold back what the visitor waits for.
await page.untilIdle();
register(() => page.showUpdate());
