/**
 * Makes `<hotline-talk>` known to the page.
 * Never a second time, also when a page embeds the script twice.
 */

import { HotlineTalk } from "./element.ts";

if (!customElements.get("hotline-talk")) customElements.define("hotline-talk", HotlineTalk);
