import type { Language } from "@wherefrom/diagnosis";
import type { Line, Piece } from "./document.ts";
import { en, type MessageKey, type Messages } from "./words/en.ts";
import { type FitMessageKey, type FitMessages, fitEn } from "./words/fit-en.ts";
import { fitJa } from "./words/fit-ja.ts";
import { fitZh } from "./words/fit-zh.ts";
import { ja } from "./words/ja.ts";
import { type LabMessageKey, type LabMessages, labEn } from "./words/lab-en.ts";
import { labJa } from "./words/lab-ja.ts";
import { labZh } from "./words/lab-zh.ts";
import { type UnseenMessageKey, type UnseenMessages, unseenEn } from "./words/unseen-en.ts";
import { unseenJa } from "./words/unseen-ja.ts";
import { unseenZh } from "./words/unseen-zh.ts";
import { zh } from "./words/zh.ts";

const MESSAGES: Readonly<Record<Language, Messages & LabMessages & FitMessages & UnseenMessages>> = {
  en: { ...en, ...labEn, ...fitEn, ...unseenEn },
  zh: { ...zh, ...labZh, ...fitZh, ...unseenZh },
  ja: { ...ja, ...labJa, ...fitJa, ...unseenJa },
};

/** A message of a report, of the lab, of a policy's fit, or of requests that a service did not see. */
type Key = MessageKey | LabMessageKey | FitMessageKey | UnseenMessageKey;

/** What stands in the slots of a message. */
type Slots = Readonly<Record<string, Piece | Line>>;

/** Says a message in one language, each `{slot}` of it filled. Not markup: what fills a slot is never read for slots. */
export type Phrase = (key: Key, slots?: Slots) => Line;

/** The phrases of a language. */
export function phrasesIn(language: Language): Phrase {
  return (key, slots = {}) => fill(MESSAGES[language][key], slots);
}

/** A message as plain text: for titles and the heads of tables, which have no slots. */
export function plainIn(language: Language): (key: Key) => string {
  return (key) => MESSAGES[language][key];
}

/** Fills the slots of a message that comes from elsewhere. */
export function fill(message: string, slots: Slots): Line {
  return message.split(/(\{[a-zA-Z]+\})/).flatMap((part) => {
    if (part === "") return [];
    const name = /^\{([a-zA-Z]+)\}$/.exec(part)?.[1];
    const filling = name === undefined ? part : (slots[name] ?? part);
    return isLine(filling) ? filling : [filling];
  });
}

function isLine(filling: Piece | Line): filling is Line {
  return Array.isArray(filling);
}
