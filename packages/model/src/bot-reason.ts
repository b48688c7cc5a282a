/** Why a client is taken for a bot: the rules by which control finds abusers. Source: Apigee, `botReasons`, of which these are the ones about counts. */
export const BOT_REASONS = ["Flooder", "Brute Guessor", "Static Content Scraper", "Robot Abuser"] as const;

export type BotReason = (typeof BOT_REASONS)[number];
