import type { Language } from "@wherefrom/diagnosis";
import type { Document, ReportFormat } from "@wherefrom/doctor";
import type { Command, Option } from "commander";
import { switchOption, valueOption } from "../../option-values.ts";
import { openOutput, printableJson } from "../../output.ts";

// Written out, because the packages that have the lists are loaded by those commands alone that write a report. The compiler holds them against each other.
const FORMATS = Object.keys({ text: true, markdown: true, html: true } satisfies Readonly<Record<ReportFormat, true>>);
const LANGUAGES = Object.keys({ en: true, zh: true, ja: true } satisfies Readonly<Record<Language, true>>);

/** How a finding of the doctor's is written, whichever it is. */
export type ReportOptions = {
  readonly json?: boolean;
  readonly format: ReportFormat;
  readonly language: Language;
  readonly showAddresses?: boolean;
};

/** Adds the options that say how a report is written. */
export function withReportOptions(command: Command): Command {
  return withDocumentOptions(command.addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON")));
}

/** The same without `--json`, for commands that have it. */
export function withDocumentOptions(command: Command): Command {
  return command
    .addOption(valueOption("--format <format>", "how to write the report", "WHEREFROM_DOCTOR_FORMAT").choices(FORMATS).default("text"))
    .addOption(languageOption())
    .addOption(
      switchOption(
        "--show-addresses",
        "keep addresses and names in Markdown and HTML, which otherwise show stand-ins",
        "WHEREFROM_DOCTOR_SHOW_ADDRESSES",
      ),
    );
}

/** The option that says in which language people are told. */
export function languageOption(): Option {
  return valueOption("--language <language>", "the language of the report", "WHEREFROM_LANGUAGE").choices(LANGUAGES).default("en");
}

/** What a command found: an object for programs, a document for people. */
export type Report = { readonly json: object; readonly document: (language: Language) => Document | Promise<Document> };

/** Writes a report to standard output as the options say. */
export async function printReport({ json, document }: Report, options: ReportOptions): Promise<void> {
  const output = openOutput(process.stdout);
  await output.write(options.json === true ? `${printableJson(json)}\n` : await written(await document(options.language), options));
  await output.finish();
}

async function written(document: Document, { format, showAddresses }: ReportOptions): Promise<string> {
  const { writeDocument } = await import("@wherefrom/doctor/report");
  return writeDocument(document, { format, showsAll: showAddresses === true });
}
