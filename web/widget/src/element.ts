/**
 * `<hotline-talk>`: the element that a page embeds, its attributes, its few methods and its events.
 * Never reaches outside its shadow root, and nothing of the page reaches in but a few CSS properties.
 */

import { EMPTY, type Model } from "./model.ts";
import { isLanguageChoice, type LanguageChoice } from "./protocol.ts";
import style from "./style.css?inline";
import { Talk } from "./talk.ts";
import { view, type View } from "./view/view.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

/** Where this script came from is where the server is, unless `server` says otherwise. */
const SCRIPT = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";

export class HotlineTalk extends HTMLElement {
  static readonly observedAttributes = ["language", "heading", "inline"];

  private talk: Talk | undefined;
  private readonly drawing: View;
  private model: Model = EMPTY;
  private isOpen = false;
  private hasBegun = false;

  constructor() {
    super();
    this.drawing = view(
      {
        open: () => void this.start(),
        close: () => this.close(),
        begin: () => void this.talk?.begin(),
        agreeVoice: () => void this.talk?.agreeVoice(),
        agreeText: () => this.talk?.agreeText(),
        allow: () => void this.talk?.allow(),
        text: (text) => this.sendText(text),
        digit: (digit) => this.sendDigit(digit),
        photo: (file) => void this.talk?.sendPhoto(file),
        interrupt: () => this.interrupt(),
        mute: (isMuted) => this.talk?.mute(isMuted),
        hangUp: () => this.stop(),
        choose: (language) => this.talk?.choose(language),
        dismiss: () => this.talk?.dismiss(),
      },
      () => this.talk?.levels() ?? { caller: 0, bot: 0 },
    );
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(...this.drawing.nodes);
  }

  /** Opens the panel, and with it the way to a conversation. Consent is the visitor's: no method gives it. */
  async start(): Promise<void> {
    this.isOpen = true;
    this.render();
    if (this.hasBegun) return;
    this.hasBegun = true;
    await this.talk?.begin();
  }

  /** Hangs up. */
  stop(): void {
    this.talk?.hangUp();
  }

  sendText(text: string): void {
    this.talk?.sendText(text);
  }

  /** One of `0`–`9`, `*`, `#`. */
  sendDigit(digit: string): void {
    this.talk?.sendDigit(digit);
  }

  /** Lets the visitor speak: the bot falls silent. */
  interrupt(): void {
    this.talk?.interrupt();
  }

  get server(): string {
    const named = this.getAttribute("server") || SCRIPT || location.href;
    const url = new URL(named, location.href);
    return this.hasAttribute("server") ? url.href.replace(/[?#].*$|\/+$/g, "") : url.origin;
  }

  get language(): LanguageChoice {
    const language = this.getAttribute("language");
    return isLanguageChoice(language) ? language : "auto";
  }

  connectedCallback(): void {
    this.talk = new Talk({
      server: this.server,
      language: this.language,
      show: (model) => {
        this.model = model;
        this.render();
      },
      tell: (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })),
    });
    this.model = { ...EMPTY, language: this.language };
    this.render();
    if (this.hasAttribute("inline") || this.talk.isKept()) void this.start();
  }

  disconnectedCallback(): void {
    this.talk?.leave();
    this.talk = undefined;
    this.hasBegun = false;
    this.isOpen = false;
  }

  attributeChangedCallback(name: string): void {
    if (name === "language") this.talk?.choose(this.language);
    else this.render();
  }

  private close(): void {
    if (this.hasAttribute("inline")) return;
    this.isOpen = false;
    this.render();
  }

  private render(): void {
    if (!this.talk) return;
    const heading = this.getAttribute("heading") ?? "";
    this.drawing.render(this.model, { heading, inline: this.hasAttribute("inline"), isOpen: this.isOpen });
  }
}
