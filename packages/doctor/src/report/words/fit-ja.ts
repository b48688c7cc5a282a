import type { FitMessages } from "./fit-en.ts";

/** What is said of a policy's fit, in Japanese. */
export const fitJa: FitMessages = {
  fitTitle: "ポリシーが通信に合っているか",
  "fitVerdict.FITS": "{name}、リビジョン {revision}、直近 15 分: ポリシーに反することは見当たりません。",
  "fitVerdict.MISFITS": "{name}、リビジョン {revision}、直近 15 分: ポリシーが通信に合っていません。",
  "fitVerdict.UNKNOWN": "{name}、リビジョン {revision}、直近 15 分: リクエストが少なすぎて判断できません。",
  fitOpen: "コントロールは {since} から見ています。最後はリビジョン {revision} のときです。",
  fitStillOpen:
    "コントロールはまだ合っていないと見なしています。{since} から、最後はリビジョン {revision} のとき: {findings}。合う通信が来れば終わります。",
  fitCount: "リクエスト数",
  fitShare: "割合",
  fitRequests: "リクエスト",
  fitFallback: "フォールバック: {reason}",
  fitRejected: "アドレスなし: {reason}",
  fitPrivate: "プライベートアドレス",
  fitProvider: "事業者のプロキシのアドレス",
  fitTopAddress: "最も多いアドレス",
  fitHops: "{header} のホップ数: {hops}",
  fitFindings: "ポリシーに反すること",
  "fitFinding.fallbacks": "リクエストの {share}: アルゴリズムがアドレスを出さず、フォールバックが使われました",
  "fitFinding.no-address": "リクエストの {share} が、アドレスがないため拒否されました",
  "fitFinding.private-results": "リクエストの {share} が、インターネットのクライアントにはありえないアドレスになりました",
  "fitFinding.provider-results": "リクエストの {share} が、事業者のプロキシのアドレスになりました",
  "fitFinding.one-address": "リクエストの {share} が、複数のユーザーエージェントなのに同じアドレスになりました",
  "fitFinding.short-chains": "ヘッダーの {share} で、ホップがインデックスの数える数より少ないです",
  "fitFinding.long-chains":
    "ヘッダーの {share} で、ホップがインデックスの数える数より多いです。経路が書いたもので、インデックスはプロキシを指しています",
  "fitFinding.websocket-differs": "リクエストの {share} が WebSocket のハンドシェイクで、同じ API のほかのリクエストと結果が異なります",
  fitCauses: "考えられる原因",
  fitUndecided: "先頭のものは、まだ別の原因かもしれません。",
  fitProposal: "見えた通信に合うポリシー",
  fitConfirm: "どのホップを誰が書いたかは通信ではわかりません。頼る前にプローブで確かめてください。",
  fitNext: "原因への対処と次に調べることは、次のコマンドが示します: {command}",
};
