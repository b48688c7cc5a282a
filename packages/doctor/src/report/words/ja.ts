import type { Messages } from "./en.ts";

export const ja: Messages = {
  diagnosisTitle: "クライアントアドレスが誤っている理由",
  nothingKnown: "まだどの原因も裏付ける事実がありません。",
  decided: "原因は決まりました。",
  undecided: "まだ決まっていません。",
  nextTest: "次の検査 {test}：{title}。{do}",
  noNextTest: "これ以上分かる検査は残っていません。上位の原因を順に確認してください。",
  causesHeading: "原因（可能性の高い順）",
  cause: "原因",
  score: "点数",
  weight: "重み",
  evidence: "根拠",
  nothing: "なし",
  symptom: "見える現象：{text}。",
  tell: "見分け方：{text}。",
  caution: "注意：{text}。",
  fixHeading: "変更すること",
  fixReady: "{on} で：",
  fixProveFirst: "{on} で、返信が境界を通ることを {test} が示した後にだけ：",
  fixRefused: "{on} では行わないこと：{test} は返信が境界を通らないことを示しており、全接続が切れます。",
  insteadHeading: "代わりにすること",
  verify: "その後 {tests} で確かめます。",
  warningsHeading: "何よりも先に",
  "warning.lost-below-http":
    "アドレスは HTTP より下で失われています。レイヤー 4 より上では、アプリケーションの設定でもヘッダーでも取り戻せません。",
  "warning.no-header-can-be-trusted":
    "送信元が書き換えられ、外部の通信もその書き換えを通ります。プロキシも攻撃者も同じ相手として届くため、どのヘッダーも信頼できません。この相手を信頼すると、どの客も自分のアドレスを選べます。直せるのは、プロキシからの PROXY プロトコルか相互 TLS、または書き換えをやめることだけです。",
  "warning.prove-return-route": "送信元 NAT をまだ切らないでください。返信が境界を通らなければ停止します。先に {test} を行ってください。",
  "warning.return-route-missing": "送信元 NAT を切らないでください。返信が境界を通らないため、切ると誰もサービスに届きません。",
  "warning.forgeable": "客が自分のアドレスを選べます。直るまで、このアドレスは自称として扱ってください。",
};
