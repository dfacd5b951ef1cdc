// Plays every case of a set once and passes only when all of them pass.
//
//   LINTEL_CASES=cases.json LINTEL_TARGET=127.0.0.1:8080 lintel-k6 run replay.js
import exec from "k6/execution";
import lintel from "k6/x/lintel";

const cases = lintel.load(__ENV.LINTEL_CASES || "");
if (cases.length === 0) {
  throw new Error("the set has no cases: there is nothing to replay");
}
lintel.options({
  target: __ENV.LINTEL_TARGET || "",
  results: __ENV.LINTEL_RESULTS || "",
  bundle: __ENV.LINTEL_BUNDLE || "",
  live: Boolean(__ENV.LINTEL_LIVE),
  timeout: __ENV.LINTEL_TIMEOUT || "",
  secrets: __ENV.LINTEL_SECRETS || "",
  ca: __ENV.LINTEL_CA || "",
});

export const options = {
  scenarios: {
    replay: {
      executor: "shared-iterations",
      vus: Math.min(Number(__ENV.LINTEL_VUS || 10), cases.length),
      iterations: cases.length,
      maxDuration: __ENV.LINTEL_MAX_DURATION || "10m",
    },
  },
  thresholds: {
    // k6 goes on after an exception: a case that was not played is missed here.
    lintel_cases: [`count==${cases.length}`],
    lintel_case_pass: ["rate==1"],
  },
};

export default function () {
  const played = cases[exec.scenario.iterationInTest];
  const result = lintel.replay(played);
  if (!result.passed && !__ENV.LINTEL_RESULTS) {
    for (const m of result.mismatches) {
      console.error(`${played.file}:${played.line}: ${played.route} "${played.name}": ${m.field}: want ${m.want}, got ${m.got}`);
    }
  }
}
